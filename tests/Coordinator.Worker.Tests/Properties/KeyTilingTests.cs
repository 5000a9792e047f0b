using System.Globalization;
using Coordinator.Worker.Batches;
using Coordinator.Worker.Tests.Batches;
using Xunit.Abstractions;

namespace Coordinator.Worker.Tests.Properties;

/// <summary>
/// Any marks tile the key space: whatever the key's type, wherever the marks are, in whatever order and size the batches run, and whatever
/// is inserted, deleted (the rows of the marks too), or updated beside the key meanwhile, each row that was there and stays is written
/// exactly once, and none twice.
/// </summary>
public sealed class KeyTilingTests(InstalledTargetFixture fixture, ITestOutputHelper output) : IClassFixture<InstalledTargetFixture>
{
    private const int Rows = 80;

    public static TheoryData<string> Kinds => [.. KeyKinds.All.Keys];

    [Theory]
    [MemberData(nameof(Kinds))]
    public Task Each_row_is_written_once(string kind) => RunAsync(kind, rounds: 1);

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Kinds))]
    public Task Each_row_is_written_once_however_often(string kind) => RunAsync(kind, rounds: 30);

    private async Task RunAsync(string kind, int rounds)
    {
        var fixedSeed = Environment.GetEnvironmentVariable("COORDINATOR_TEST_SEED");
        for (var round = 0; round < rounds; round++)
        {
            var seed = fixedSeed is null ? Random.Shared.Next() : int.Parse(fixedSeed, CultureInfo.InvariantCulture);
            output.WriteLine($"seed {seed}");
            await RunAsync(kind, new Random(seed));
        }
    }

    private async Task RunAsync(string kind, Random random)
    {
        var (columns, key, values) = KeyKinds.All[kind];
        var table = await KeyTable.CreateAsync(
            fixture.Target,
            $$"""
            create table {0} ({{columns}}, i int not null, n int not null default 0, other int, primary key ({{key}}));
            insert into {0} ({{key}}, i) select {{values}}, i from generate_series(1, {{Rows}}) as i;
            """);
        await table.MarkAtAsync($"i % {random.Next(2, 30)} = 0");
        var statement = table.Statement($"update {table.Name} set n = n + 1 where {{range}}");
        var grants = Cut(table, statement, random);
        random.Shuffle(grants);
        foreach (var grant in grants)
        {
            await DisturbAsync(table, key, values, random);
            Assert.IsType<BatchOutcome.Committed>(await table.RunAsync(grant));
        }

        Assert.Equal(0L, await table.Database.ScalarAsync<long>($"select count(*) from {table.Name} where i <= {Rows} and n <> 1"));
        Assert.Equal(0L, await table.Database.ScalarAsync<long>($"select count(*) from {table.Name} where n > 1"));
        Assert.True(await table.Database.ScalarAsync<long>($"select count(*) from {table.Name} where i <= {Rows}") > 0, "some are left");
    }

    private static BatchGrant[] Cut(KeyTable table, string statement, Random random)
    {
        var grants = new List<BatchGrant>();
        for (long lo = 0; lo < table.Marks;)
        {
            var hi = Math.Min(table.Marks, lo + random.Next(1, 5));
            grants.Add(table.Grant(lo, hi, statement));
            lo = hi;
        }

        return [.. grants];
    }

    private static async Task DisturbAsync(KeyTable table, string key, string values, Random random)
    {
        var (young, gone, written) = (random.Next(Rows + 1, 1000), random.Next(1, Rows), random.Next(1, Rows));
        await table.Database.ExecuteAsync(
            $"""
            insert into {table.Name} ({key}, i) select {values}, i from generate_series({young}, {young}) as i on conflict do nothing;
            delete from {table.Name} where i = {gone};
            update {table.Name} set other = {written} where i = {written};
            """);
    }
}
