using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Ranges;

namespace Coordinator.Postgres.Tests.Ranges;

/// <summary>The walk that cuts a table's key space, and what it leaves behind when it is broken off.</summary>
public sealed class KeyMarksTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    private const string Step = "fill";

    private readonly string _migration = "m-" + Guid.CreateVersion7().ToString("N");
    private readonly string _table = "walked_" + Guid.CreateVersion7().ToString("N");

    [Theory]
    [InlineData(0, "")]
    [InlineData(1, "1")]
    [InlineData(499, "499")]
    [InlineData(500, "500")]
    [InlineData(501, "500,501")]
    [InlineData(1250, "500,1000,1250")]
    public async Task There_is_a_mark_every_so_many_keys_and_at_the_largest(int rows, string marks)
    {
        await CreateAsync(rows);

        Assert.Equal(marks.Split(',', StringSplitOptions.RemoveEmptyEntries).Length, await WalkAsync());

        Assert.Equal(marks, await MarksAsync());
        // Whoever walks again finds nothing new; what is younger is behind the last mark.
        await WalkAsync();
        Assert.Equal(marks, await MarksAsync());
    }

    [Fact]
    public async Task A_walk_that_was_broken_off_goes_on_behind_its_last_mark()
    {
        await CreateAsync(120_000);
        using var crash = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => WalkAsync(
            async marks =>
            {
                Assert.Equal(100, marks);
                await crash.CancelAsync();
            },
            crash.Token));
        Assert.Equal(100, await KeyMarks.CountAsync(fixture.Target.Coordinator, _migration, Step, 1, 1000, default));
        // Before the last mark, and so no matter of the rest.
        await fixture.Target.ExecuteAsOwnerAsync($"delete from {_table} where id < 5000; insert into {_table} select -i from generate_series(1, 3000) i");

        Assert.Equal(240, await WalkAsync());

        Assert.Equal(
            string.Join(',', Enumerable.Range(1, 240).Select(mark => mark * 500)), await MarksAsync());
    }

    [Fact]
    public async Task Two_walks_at_once_make_one_sequence_of_marks()
    {
        await CreateAsync(160_000);

        var walks = await Task.WhenAll(WalkAsync(), WalkAsync(), WalkAsync());

        Assert.All(walks, marks => Assert.Equal(320, marks));
        Assert.Equal(string.Join(',', Enumerable.Range(1, 320).Select(mark => mark * 500)), await MarksAsync());
    }

    [Fact]
    public async Task A_new_pass_forgets_the_marks_of_the_one_before_and_the_newest_are_read()
    {
        await CreateAsync(1250);
        await WalkAsync();
        await KeyMarks.WalkAsync(fixture.Target.Coordinator, _migration, Step, 2, new TableName("public", _table), Key, null, default);

        Assert.Equal(["1000", "1250"], (await ReadAsync()).Select(key => key[0]));
        await KeyMarks.ForgetOlderAsync(fixture.Target.Coordinator, _migration, Step, 2, default);

        Assert.Equal(0, await KeyMarks.CountAsync(fixture.Target.Coordinator, _migration, Step, 1, 1000, default));
        Assert.Equal(3, await KeyMarks.CountAsync(fixture.Target.Coordinator, _migration, Step, 2, 1000, default));
        await KeyMarks.ForgetAsync(fixture.Target.Coordinator, _migration, default);
        Assert.Empty(await ReadAsync());
    }

    [Fact]
    public async Task An_order_that_can_not_be_relied_on_is_told()
    {
        await fixture.Target.Database.ExecuteAsync(
            $$"""
            create collation {{_table}}_blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
            create collation {{_table}}_old (provider = icu, locale = 'de');
            """);
        await fixture.Target.ExecuteAsOwnerAsync(
            $$"""
            create table {{_table}} (
              id int primary key, c text collate "C" unique, d text unique,
              blind text collate {{_table}}_blind unique, old text collate {{_table}}_old unique);
            """);
        Assert.Equal(["blind"], await UnreliableAsync());

        // As a new operating system under an old database leaves it.
        await fixture.Target.Database.ExecuteAsync($"update pg_collation set collversion = '1' where collname = '{_table}_old'");

        Assert.Equal(["blind", "old"], await UnreliableAsync());
    }

    private static IReadOnlyList<TargetKeyColumn> Key => [new TargetKeyColumn("id", "int8")];

    private Task CreateAsync(int rows) => fixture.Target.ExecuteAsOwnerAsync(
        $"create table {_table} (id bigint primary key); insert into {_table} select i from generate_series(1, {rows}) i order by i % 7");

    private Task<long> WalkAsync(Func<long, Task>? walked = null, CancellationToken cancellationToken = default) => KeyMarks.WalkAsync(
        fixture.Target.Coordinator, _migration, Step, 1, new TableName("public", _table), Key, walked, cancellationToken);

    private Task<IReadOnlyList<string[]>> ReadAsync() => KeyMarks.ReadAsync(fixture.Target.Coordinator, _migration, Step, 2, default);

    private Task<string> MarksAsync() => fixture.Target.Database.ScalarAsync<string>(
        $"select coalesce(string_agg(key[1], ',' order by mark), '') from coordinator.key_mark where migration = '{_migration}' and pass = 1");

    private async Task<List<string>> UnreliableAsync()
    {
        var table = await CatalogReader.ReadTableAsync(fixture.Target.Coordinator, "public", _table, default);
        return [.. table!.Indexes.Where(index => index.OrderProblem is not null).Select(index => index.Keys[0].Name)];
    }
}
