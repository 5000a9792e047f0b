using System.Globalization;
using Coordinator.Domain.Backfills;
using Xunit.Abstractions;

namespace Coordinator.Worker.Tests.Properties;

/// <summary>
/// Any interleaving of the application's writes (old and new path, unrelated updates, inserts, deletes, changes of the
/// key) with the batches of a backfill, whose sizes are chosen as they are carved, in sweeps or in one go: at the end every
/// row agrees and no write is lost. A failure names its seed; COORDINATOR_TEST_SEED runs that one again.
/// </summary>
public sealed class BackfillPropertyTests(InstalledTargetFixture fixture, ITestOutputHelper output)
    : IClassFixture<InstalledTargetFixture>, IAsyncLifetime
{
    private const int Writes = 24;
    private const int Writers = 3;

    public static TheoryData<string> LossyCasts => [.. Casts.Keys];

    private static readonly Dictionary<string, (Mapping Mapping, string[] Olds, string[] News)> Casts = new(StringComparer.Ordinal)
    {
        ["numeric to int"] = (
            new Mapping(
                "numeric", "int", "({})::int", "({})::numeric",
                value => value is null ? null : Rounded(value).ToString(CultureInfo.InvariantCulture),
                value => value),
            ["1.5", "2.5", "-0.5", "2", "2.00", "1.49"],
            ["1", "2", "-1", "0"]),
        ["text to varchar(3)"] = (
            new Mapping("text", "varchar(3)", "left({}, 3)", "({})::text", value => value is { Length: > 3 } ? value[..3] : value, value => value),
            ["abcdef", "abc", "abcxyz", "", "a"],
            ["abc", "xyz", "", "a"]),
        ["int to bool"] = (
            new Mapping(
                "int", "bool", "{} <> 0", "({})::int",
                value => value is null ? null : value == "0" ? "false" : "true",
                value => value is null ? null : value == "true" ? "1" : "0"),
            ["0", "1", "5", "-1"],
            ["true", "false"]),
        ["timestamp to date"] = (
            new Mapping(
                "timestamp", "date", "({})::date", "({})::timestamp",
                value => value is null || !char.IsDigit(value[0]) ? value : value[..10],
                value => value is null || !char.IsDigit(value[0]) ? value : value + " 00:00:00"),
            ["infinity", "-infinity", "2020-01-01 10:00", "2020-01-01", "2020-01-02 00:00:00.000001"],
            ["infinity", "2020-01-01", "2020-01-02"]),
        ["a number and its successor"] = (
            new Mapping("int", "int", "{} + 1", "{} - 1", value => Plus(value, 1), value => Plus(value, -1)),
            ["0", "1", "2"],
            ["0", "1", "2"]),
    };

    public Task InitializeAsync() => fixture.Target.ExecuteAsOwnerAsync(CoreTypes.Setup);

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [MemberData(nameof(CoreTypes.Names), MemberType = typeof(CoreTypes))]
    public Task Every_row_agrees_and_no_write_is_lost_for_every_type(string type) => TypeAsync(type, rounds: 2);

    [Theory]
    [MemberData(nameof(LossyCasts))]
    public Task Every_row_agrees_and_no_write_is_lost_where_the_cast_loses_something(string cast) => CastAsync(cast, rounds: 5);

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(CoreTypes.Names), MemberType = typeof(CoreTypes))]
    public Task Many_interleavings_for_every_type(string type) => TypeAsync(type, rounds: 60);

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(LossyCasts))]
    public Task Many_interleavings_where_the_cast_loses_something(string cast) => CastAsync(cast, rounds: 300);

    /// <summary>A type that a later PostgreSQL adds has to be added here, or excluded with its reason.</summary>
    [Fact]
    public async Task Every_type_of_the_server_is_tested()
    {
        var known = CoreTypes.Columns.Select(type => CoreTypes.Cast(type).Split('(')[0].Trim('"'))
            .Concat(CoreTypes.Excluded).ToArray();
        await using var command = fixture.Target.Database.DataSource.CreateCommand(
            """
            select string_agg(typname, ', ') from pg_type
             where typnamespace = 'pg_catalog'::regnamespace and typtype in ('b', 'r', 'm') and typname not like '\_%'
               and typname <> all($1)
            """);
        command.Parameters.Add(new() { Value = known });

        Assert.Equal(DBNull.Value, await command.ExecuteScalarAsync());
    }

    private async Task TypeAsync(string type, int rounds)
    {
        var values = await ValuesAsync(CoreTypes.Cast(type), CoreTypes.ValuesOf(type));
        await CheckAsync(Mapping.Identity(type), values, values, rounds);
    }

    private async Task CastAsync(string cast, int rounds)
    {
        var (mapping, olds, news) = Casts[cast];
        await CheckAsync(
            mapping, await ValuesAsync(mapping.OldType, olds), await ValuesAsync(mapping.NewType, news), rounds);
    }

    /// <summary>Half of the rounds one statement after the other, the others with writers and batches at the same time.</summary>
    private async Task CheckAsync(Mapping mapping, IReadOnlyList<Value> olds, IReadOnlyList<Value> news, int rounds)
    {
        var table = await BackfilledTable.CreateAsync(fixture.Target, mapping);
        var fixedSeed = Environment.GetEnvironmentVariable("COORDINATOR_TEST_SEED");
        for (var round = 0; round < rounds; round++)
        {
            var seed = fixedSeed is null
                ? Random.Shared.Next(1_000_000) * 2 + (round % 2)
                : int.Parse(fixedSeed, CultureInfo.InvariantCulture);
            output.WriteLine($"seed {seed}");
            var random = new Random(seed);
            var model = await table.BeginAsync(random, olds);
            var accepted = seed % 2 == 0
                ? await InTurnAsync(table, model, random, olds, news)
                : await AtOnceAsync(table, model, random, olds, news);

            Assert.True(accepted, $"seed {seed}: a write was refused that should pass, or passed that should be refused");
            var rows = await table.ReadAsync();
            Assert.True(
                model.Final().SequenceEqual(rows),
                $"seed {seed}: expected {string.Join(" ", model.Final())}, found {string.Join(" ", rows)}");
        }
    }

    private static async Task<bool> InTurnAsync(
        BackfilledTable table, RowModel model, Random random, IReadOnlyList<Value> olds, IReadOnlyList<Value> news)
    {
        var writes = new ApplicationWrites(table, model, random, olds, news, first: 0, step: 1);
        await using var connection = await table.ApplicationAsync();
        var batches = Carve(table.Blocks, random);
        var accepted = true;
        for (var left = Writes; left > 0 || batches.Count > 0;)
        {
            if (left > 0 && random.Next(left + batches.Count) < left)
            {
                left--;
                accepted &= await writes.WriteAsync(connection);
            }
            else
            {
                await FillOneAsync(table, batches, random);
            }
        }

        return accepted;
    }

    /// <summary>Each writer has rows of its own, so the order among them does not matter to the model.</summary>
    private static async Task<bool> AtOnceAsync(
        BackfilledTable table, RowModel shared, Random random, IReadOnlyList<Value> olds, IReadOnlyList<Value> news)
    {
        var seeds = Enumerable.Range(0, Writers).Select(_ => random.Next()).ToList();
        var writers = seeds.Select((seed, writer) => Task.Run(async () =>
        {
            var writes = new ApplicationWrites(
                table, shared, new Random(seed), olds, news, first: writer, step: Writers);
            await using var connection = await table.ApplicationAsync();
            var accepted = true;
            for (var write = 0; write < Writes / Writers; write++)
            {
                accepted &= await writes.WriteAsync(connection);
            }

            return accepted;
        })).ToList();
        var batches = Carve(table.Blocks, random);
        while (batches.Count > 0)
        {
            await FillOneAsync(table, batches, random);
        }

        return (await Task.WhenAll(writers)).All(accepted => accepted);
    }

    private static Task FillOneAsync(BackfilledTable table, List<(long First, long End, int? Sweep)> batches, Random random)
    {
        var next = random.Next(batches.Count);
        var (first, end, sweep) = batches[next];
        batches.RemoveAt(next);
        return table.FillAsync(first, end, sweep, epoch: random.Next(1, 4), twice: random.Next(4) == 0);
    }

    /// <summary>A tiling with another size at each cut; the batches run in any order.</summary>
    private static List<(long First, long End, int? Sweep)> Carve(long blocks, Random random)
    {
        IReadOnlyList<int?> sweeps = random.Next(2) == 0 ? [null] : [.. Enumerable.Range(0, BlockSweeps.Count).Cast<int?>()];
        var batches = new List<(long First, long End, int? Sweep)>();
        foreach (var sweep in sweeps)
        {
            for (var first = 0L; first < blocks;)
            {
                var end = Math.Min(blocks, first + random.Next(1, 4));
                batches.Add((first, end, sweep));
                first = end;
            }
        }

        return batches;
    }

    private async Task<IReadOnlyList<Value>> ValuesAsync(string type, IReadOnlyList<string> texts)
    {
        var values = new List<Value> { new("null", null) };
        foreach (var text in texts)
        {
            var sql = $"'{text.Replace("'", "''", StringComparison.Ordinal)}'::{type}";
            values.Add(new Value(sql, await fixture.Target.Database.ScalarAsync<string>($"select ({sql})::text")));
        }

        return values;
    }

    private static long Rounded(string value) =>
        (long)Math.Round(decimal.Parse(value, CultureInfo.InvariantCulture), MidpointRounding.AwayFromZero);

    private static string? Plus(string? value, int more) =>
        value is null ? null : (int.Parse(value, CultureInfo.InvariantCulture) + more).ToString(CultureInfo.InvariantCulture);
}
