using System.Globalization;
using Coordinator.Postgres.Ledger;
using Coordinator.Testing;
using Coordinator.Worker.Batches;
using Npgsql;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>A batch that is met in the middle of its search for bad rows: by a crash, a successor, a pause, a deadlock.</summary>
public sealed class BadRowFaultTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>, IAsyncLifetime
{
    private const int Bad = 5;

    // Behind the bad row, in a range that the search reaches after it has recorded that row.
    private const int Gate = 150;

    private PoisonedTable _table = null!;

    public async Task InitializeAsync()
    {
        _table = await PoisonedTable.CreateAsync(fixture.Target, Bad);
        await _table.StopAtAsync(Gate);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_crash_in_the_middle_leaves_nothing_and_the_next_holder_does_it_all()
    {
        await using (await _table.CloseGateAsync())
        {
            var running = _table.RunAsync(_table.Grant() with { LockTimeout = TimeSpan.FromSeconds(60) });
            await _table.AtGateAsync();

            await _table.TerminateAtGateAsync();

            Assert.IsType<BatchOutcome.Unsettled>(await running);
            await AssertNothingAsync();
        }

        Assert.IsType<BatchOutcome.Committed>(await _table.RunAsync(_table.Grant(epoch: 2)));
        Assert.Equal((Bad.ToString(CultureInfo.InvariantCulture), 199L), (await _table.QuarantinedAsync(), await _table.FilledAsync()));
    }

    [Fact]
    public async Task A_successor_can_not_take_over_while_the_search_goes_on()
    {
        Task<BatchOutcome> running;
        await using (await _table.CloseGateAsync())
        {
            running = _table.RunAsync(_table.Grant() with { LockTimeout = TimeSpan.FromSeconds(60) });
            await _table.AtGateAsync();

            var successor = await _table.RunAsync(_table.Grant(epoch: 2) with { LockTimeout = TimeSpan.FromMilliseconds(200) });

            Assert.Equal("55P03", Assert.IsType<BatchOutcome.Failed>(successor).SqlState);
        }

        Assert.Equal((199, 1), (Committed(await running).Rows, Committed(await running).BadRows));
        Assert.IsType<BatchOutcome.AlreadyDone>(await _table.RunAsync(_table.Grant(epoch: 3)));
        Assert.Equal(199, await _table.FilledAsync());
    }

    [Fact]
    public async Task A_holder_that_was_superseded_before_its_search_adds_nothing()
    {
        // What a paused worker sends when it wakes: its first try has failed, a successor has come meanwhile.
        await using var connection = await _table.Target.Worker.OpenConnectionAsync();
        await using var late = connection.CreateBatch();
        foreach (var command in BatchProtocol.Bisect(_table.Grant()))
        {
            late.BatchCommands.Add(command);
        }

        await _table.RunAsync(_table.Grant(epoch: 2, statement: "select 1 / 0 where $1::tid < $2::tid") with { Table = null });

        var refused = await Assert.ThrowsAsync<PostgresException>(() => late.ExecuteNonQueryAsync());

        Assert.Equal("CO005", refused.SqlState);
        await AssertNothingAsync();
    }

    [Fact]
    public async Task A_fence_that_is_raised_during_the_search_waits_for_it_and_none_begins_after()
    {
        Task<BatchOutcome> running;
        Task<long> raise;
        await using (await _table.CloseGateAsync())
        {
            running = _table.RunAsync(_table.Grant() with { LockTimeout = TimeSpan.FromSeconds(60) });
            await _table.AtGateAsync();
            raise = FenceControl.RaiseAsync(
                _table.Target.Coordinator, _table.Migration, FenceMode.Paused, default);
            await Eventually.TrueAsync(
                () => _table.Database.ScalarAsync<bool>($"select mode = 'paused' from coordinator.fence where migration = '{_table.Migration}'"),
                "the raise is published");
            Assert.False(raise.IsCompleted);
        }

        Assert.Equal(1, Committed(await running).BadRows);
        await raise;
        Assert.IsType<BatchOutcome.FenceMoved>(await _table.RunAsync(_table.Grant() with { Batch = 2 }));
    }

    [Fact]
    public async Task A_deadlock_with_the_application_is_no_fault_of_any_row()
    {
        var table = await PoisonedTable.CreateAsync(fixture.Target, Bad);
        await table.StopAtAsync(100);
        await table.Target.ExecuteAsOwnerAsync($"alter function {table.Table}_gate() set lock_timeout = '60s'");
        BatchOutcome outcome;
        await using (var application = await table.Database.DataSource.OpenConnectionAsync())
        {
            // The application never gives way: the batch is the one that finds the deadlock.
            await application.RunAsync("set deadlock_timeout = '60s'; begin");
            await application.RunAsync($"update {table.Table} set pad = 'app' where id = 180");
            var gate = await table.CloseGateAsync();
            var running = table.RunAsync(table.Grant() with { LockTimeout = TimeSpan.FromSeconds(60) });
            await table.AtGateAsync();
            var blocked = application.RunAsync($"update {table.Table} set pad = 'app' where id = 1");
            await Eventually.TrueAsync(
                () => table.Database.ScalarAsync<bool>(
                    "select exists (select from pg_stat_activity where query like '%set pad%id = 1' and wait_event_type = 'Lock')"),
                "the application waits for the batch");
            await gate.DisposeAsync();
            outcome = await running;
            await blocked;
            await application.RunAsync("commit");
        }

        var failed = Assert.IsType<BatchOutcome.Failed>(outcome);
        Assert.Equal(("40P01", FailureKind.Transient), (failed.SqlState, failed.Kind));
        Assert.Equal("", await table.QuarantinedAsync());
        Assert.IsType<BatchOutcome.Committed>(await table.RunAsync(table.Grant(epoch: 2)));
        Assert.Equal((Bad.ToString(CultureInfo.InvariantCulture), 199L), (await table.QuarantinedAsync(), await table.FilledAsync()));
        Assert.Equal(2L, await table.Database.ScalarAsync<long>($"select count(*) from {table.Table} where pad = 'app'"));
    }

    [Fact]
    public async Task Outside_a_batch_nobody_quarantines_anything()
    {
        await using var connection = await _table.Target.Worker.OpenConnectionAsync();

        Assert.Equal("CO016", await connection.FailureAsync(
            $"select coordinator.quarantine_row('{_table.Migration}', '{PoisonedTable.Step}', 't', 'k', '22P02', 'm')"));
    }

    private async Task AssertNothingAsync()
    {
        Assert.Equal("", await _table.QuarantinedAsync());
        Assert.Equal((0L, 0L), (await _table.FilledAsync(), await _table.LedgerRowsAsync()));
    }

    private static BatchOutcome.Committed Committed(BatchOutcome outcome) => Assert.IsType<BatchOutcome.Committed>(outcome);
}
