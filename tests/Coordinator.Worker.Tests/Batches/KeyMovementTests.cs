using Coordinator.Domain.Specs;
using Coordinator.Worker.Batches;
using Npgsql;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>
/// An application updates a column that has nothing to do with the backfill, and no trigger fills its row. By blocks the row is missed for
/// ever when it moves into a range that is done; by key it stays where it is. Compare <see cref="RowMovementTests"/>.
/// </summary>
public sealed class KeyMovementTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    /// <summary>The row under test: in block 2, which is full.</summary>
    private const int Moved = 11;

    [Theory]
    [InlineData(RangeKind.Key, 0)]
    [InlineData(RangeKind.Blocks, 1)]
    public async Task A_row_that_moves_into_a_range_already_done(RangeKind by, long missed)
    {
        var table = await CreateAsync();
        await RunAsync(table, by, 0);

        await using (var application = await ApplicationAsync())
        {
            await application.RunAsync($"update {table.Name} set other = 1 where id = {Moved}");
        }

        Assert.Equal(0, await BlockAsync(table));
        for (var range = 1; range < 4; range++)
        {
            await RunAsync(table, by, range);
        }

        Assert.Equal(missed, await MissedAsync(table));
    }

    [Theory]
    [InlineData(RangeKind.Key, 0)]
    [InlineData(RangeKind.Blocks, 1)]
    public async Task A_row_that_moves_away_while_its_batch_waits_for_it(RangeKind by, long missed)
    {
        var table = await CreateAsync();
        await RunAsync(table, by, 0);
        await using var application = await ApplicationAsync();
        await application.RunAsync($"begin; update {table.Name} set other = 1 where id = {Moved}");

        var batch = RunAsync(table, by, 2);
        await Testing.Eventually.TrueAsync(
            () => table.Database.ScalarAsync<bool>(
                $"""
                select exists (select from pg_stat_activity
                 where usename = '{table.Target.Roles.Worker}' and wait_event_type = 'Lock' and wait_event in ('transactionid', 'tuple'))
                """),
            "the batch waits for the row");
        await application.RunAsync("commit");
        await batch;
        await RunAsync(table, by, 1);
        await RunAsync(table, by, 3);

        // Waited for, the row's newest version is looked at: its place has changed, and its key has not.
        Assert.Equal(missed, await MissedAsync(table));
    }

    /// <summary>Five rows to a block and to a range of keys; block 0 has room for more, and is the only one that has.</summary>
    private async Task<KeyTable> CreateAsync()
    {
        var table = await KeyTable.CreateAsync(
            fixture.Target,
            """
            create table {0} (id int primary key, o text, n text, other int, pad text) with (autovacuum_enabled = off);
            alter table {0} alter pad set storage plain;
            insert into {0} (id, o, pad) select i, 'o' || i, repeat('x', 1550) from generate_series(1, 20) as i;
            delete from {0} where id in (2, 3, 4);
            """);
        await table.Target.ExecuteAsOwnerAsync($"vacuum {table.Name}");
        Assert.Equal(2, await BlockAsync(table));
        await table.MarkAtAsync("id % 5 = 0");
        Assert.Equal(4, table.Marks);
        return table;
    }

    private static async Task RunAsync(KeyTable table, RangeKind by, long range)
    {
        var statement = table.Statement($"update {table.Name} set n = o where {{range}} and n is distinct from o", by);
        var grant = table.Grant(range, range + 1, statement);
        Assert.IsType<BatchOutcome.Committed>(await table.RunAsync(by == RangeKind.Key ? grant : grant with { Key = [] }));
    }

    /// <summary>A connection of its own: a backend goes on filling the block that it used last.</summary>
    private async Task<NpgsqlConnection> ApplicationAsync()
    {
        var connection = new NpgsqlConnection(fixture.Target.Roles.ApplicationConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    private static async Task<int> BlockAsync(KeyTable table) =>
        (int)await table.Database.ScalarAsync<double>($"select (ctid::text::point)[0] from {table.Name} where id = {Moved}");

    private static Task<long> MissedAsync(KeyTable table) =>
        table.Database.ScalarAsync<long>($"select count(*) from {table.Name} where n is distinct from o");
}
