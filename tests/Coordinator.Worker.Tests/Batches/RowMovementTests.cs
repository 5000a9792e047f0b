using Coordinator.Postgres.Sync;
using Coordinator.Postgres.Verification;
using Coordinator.Worker.Batches;
using Npgsql;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>
/// Block ranges are correct only because every write leaves its row in sync: an update of an unrelated column moves a
/// row into another block. Both interleavings in which a narrower trigger misses a row for ever, and the insert in
/// flight that a snapshot older than the trigger misses.
/// </summary>
public sealed class RowMovementTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    private const string OurTrigger = "before insert or update on {0} for each row execute";
    private const string UpdateOf = "before insert or update of o, n on {0} for each row execute";
    private const string When = "before update on {0} for each row when (old.o is distinct from new.o) execute";

    /// <summary>The row under test: in block 2, which is full.</summary>
    private const int Moved = 11;

    [Theory]
    [InlineData(OurTrigger, 0)]
    [InlineData(UpdateOf, 1)]
    [InlineData(When, 1)]
    public async Task A_row_that_moves_into_a_range_already_done(string timing, long missed)
    {
        var (target, table) = await CreateAsync(timing);
        Assert.IsType<BatchOutcome.Committed>(await RunAsync(target, table, 0));

        await UpdateUnrelatedAsync(target, table);
        Assert.Equal(0, await BlockAsync(target, table));
        await RunAsync(target, table, 1);
        await RunAsync(target, table, 2);
        await RunAsync(target, table, 3);

        Assert.Equal(missed, await DisagreeingAsync(target, table));
    }

    [Theory]
    [InlineData(OurTrigger, 0)]
    [InlineData(UpdateOf, 1)]
    [InlineData(When, 1)]
    public async Task A_row_that_moves_away_while_its_batch_waits_for_it(string timing, long missed)
    {
        var (target, table) = await CreateAsync(timing);
        await RunAsync(target, table, 0);
        await using var application = await ApplicationAsync(target);
        await application.RunAsync($"begin; update {table} set other = 1 where id = {Moved}");

        var batch = RunAsync(target, table, 2);
        await target.WaitsForRowAsync();
        await application.RunAsync("commit");
        await batch;
        Assert.Equal(0, await BlockAsync(target, table));
        await RunAsync(target, table, 1);
        await RunAsync(target, table, 3);

        Assert.Equal(missed, await DisagreeingAsync(target, table));
    }

    [Fact]
    public async Task A_batch_sees_an_insert_that_was_in_flight_when_the_trigger_came()
    {
        var (target, table) = await CreateAsync(timing: null);
        await using var application = await target.Target.Application.OpenConnectionAsync();
        await application.RunAsync($"begin; insert into {table} (id, o) values (99, 'x')");

        var install = InstallAsync(target, table, OurTrigger);
        await Testing.Eventually.TrueAsync(
            () => target.Database.ScalarAsync<bool>($"select exists (select from pg_locks where relation = '{table}'::regclass and not granted)"),
            "the trigger waits for the insert");
        await application.RunAsync("commit");
        await install;
        await RunAllAsync(target, table);

        Assert.Equal(0, await DisagreeingAsync(target, table));
    }

    [Fact]
    public async Task Mutant_batch_with_a_snapshot_older_than_the_trigger_misses_the_insert_in_flight()
    {
        var (target, table) = await CreateAsync(timing: null);
        await using var application = await target.Target.Application.OpenConnectionAsync();
        await application.RunAsync($"begin; insert into {table} (id, o) values (99, 'x')");
        await using var batch = await target.Target.Worker.OpenConnectionAsync();
        await batch.RunAsync("begin isolation level repeatable read; select 1");

        await application.RunAsync("commit");
        await InstallAsync(target, table, OurTrigger);
        await batch.RunAsync($"update {table} set n = o where n is distinct from o; commit");

        Assert.Equal(1, await DisagreeingAsync(target, table));
    }

    /// <summary>Five rows to a block; block 0 has room for more, and is the only one that has.</summary>
    private async Task<(BatchTarget Target, string Table)> CreateAsync(string? timing)
    {
        var target = await BatchTarget.CreateAsync(fixture.Target);
        var table = "moved_" + Guid.CreateVersion7().ToString("N");
        await target.Target.ExecuteAsOwnerAsync(
            $"""
            create table {table} (id int, o text, n text, other int, pad text) with (autovacuum_enabled = off);
            alter table {table} alter pad set storage plain;
            insert into {table} (id, o, pad) select i, 'o' || i, repeat('x', 1550) from generate_series(1, 20) as i;
            delete from {table} where id in (2, 3, 4);
            """);
        await target.Target.ExecuteAsOwnerAsync($"vacuum {table}");
        Assert.Equal(2, await BlockAsync(target, table));
        if (timing is not null)
        {
            await InstallAsync(target, table, timing);
        }

        return (target, table);
    }

    private static async Task InstallAsync(BatchTarget target, string table, string timing)
    {
        var trigger = new SyncTrigger
        {
            Schema = "public",
            Table = table,
            OldColumn = "o",
            NewColumn = "n",
            TriggerName = SyncTrigger.NameFor("public", table, "o", "n"),
        };
        string Timing(string text) => text.Replace("{0}", $"\"public\".\"{table}\"", StringComparison.Ordinal);
        var statements = SyncTriggerSql.Create(trigger)
            .Select(statement => statement.Replace(Timing(OurTrigger), Timing(timing), StringComparison.Ordinal)).ToList();
        Assert.Single(statements, statement => statement.Contains(Timing(timing), StringComparison.Ordinal));
        await target.Target.ExecuteAsCoordinatorAsync(statements);
    }

    private static Task<BatchOutcome> RunAsync(BatchTarget target, string table, long block) =>
        target.RunAsync(
            target.Grant(
                block,
                statement: $"update {table} set n = o where ctid >= $1 and ctid < $2 and n is distinct from o") with
            {
                LockTimeout = TimeSpan.FromSeconds(30),
            });

    private static async Task RunAllAsync(BatchTarget target, string table)
    {
        var blocks = await target.Database.ScalarAsync<long>($"select pg_relation_size('{table}') / 8192");
        for (var block = 0; block < blocks; block++)
        {
            Assert.IsType<BatchOutcome.Committed>(await RunAsync(target, table, block));
        }
    }

    /// <summary>A connection of its own: a backend goes on filling the block that it used last.</summary>
    private static async Task<NpgsqlConnection> ApplicationAsync(BatchTarget target)
    {
        var connection = new NpgsqlConnection(target.Target.Roles.ApplicationConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    private static async Task UpdateUnrelatedAsync(BatchTarget target, string table)
    {
        await using var connection = await ApplicationAsync(target);
        await connection.RunAsync($"update {table} set other = 1 where id = {Moved}");
    }

    private static async Task<int> BlockAsync(BatchTarget target, string table) =>
        (int)await target.Database.ScalarAsync<double>($"select (ctid::text::point)[0] from {table} where id = {Moved}");

    private static async Task<long> DisagreeingAsync(BatchTarget target, string table) =>
        (await DisagreementScan.RunAsync(
            target.Target.Coordinator, "public", table, "n is distinct from o", 0, null, default)).Count;
}
