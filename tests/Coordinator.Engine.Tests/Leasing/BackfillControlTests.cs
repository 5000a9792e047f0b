using Coordinator.Engine.Leasing;
using Npgsql;

namespace Coordinator.Engine.Tests.Leasing;

public sealed class BackfillControlTests(CoordinationFixture fixture) : IClassFixture<CoordinationFixture>
{
    private readonly BackfillFixture _backfills = new(fixture);

    [Fact]
    public async Task The_same_pass_started_again_keeps_what_is_carved()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("again", 20, 10));
        var first = Assert.Single(await _backfills.AcquireAsync("again", 1));

        await _backfills.StartAsync(BackfillFixture.Pass("again", 20, 10, generation: 2));

        Assert.Equal([first.Token], await _backfills.RenewAsync(first.Token));
        var second = Assert.Single(await _backfills.AcquireAsync("again", 5));
        Assert.Equal((10L, 2L), (second.FirstBlock, second.Generation));
    }

    [Fact]
    public async Task Another_pass_begins_from_nothing_with_batches_of_its_own()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("rewritten", 30, 10));
        var old = await _backfills.AcquireAsync("rewritten", 2);
        await _backfills.CompleteAsync(BackfillFixture.Receipt(old[0]));

        await _backfills.StartAsync(BackfillFixture.Pass("rewritten", 15, 10, pass: 2));

        Assert.Empty(await _backfills.RenewAsync(old[1].Token));
        // A receipt from the older pass is late, not wrong.
        await _backfills.CompleteAsync(BackfillFixture.Receipt(old[1]));
        var progress = await _backfills.ProgressAsync("rewritten");
        Assert.Equal((0L, 15L, 0L), (progress.DoneBlocks, progress.TotalBlocks, progress.Batches));
        var granted = await _backfills.AcquireAsync("rewritten", 10);
        Assert.Equal([2L << 32, (2L << 32) + 10], granted.Select(batch => batch.Token.Batch));
        await _backfills.CompleteAsync([.. granted.Select(batch => BackfillFixture.Receipt(batch))]);
        Assert.True(await _backfills.IsDoneAsync("rewritten"));
        Assert.Equal(2, (await DoneAsync("rewritten")).Count);
    }

    [Fact]
    public async Task An_older_pass_started_late_changes_nothing()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("stale", 15, 10, pass: 2));

        await _backfills.StartAsync(BackfillFixture.Pass("stale", 1000, 10, pass: 1));

        Assert.Equal(2, (await _backfills.AcquireAsync("stale", 100)).Count);
        Assert.Equal(2, Assert.Single(await RowsAsync("stale")).Pass);
    }

    [Fact]
    public async Task A_grant_while_a_pass_is_replaced_is_of_neither_pass_or_of_the_new_one()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("replaced", 100, 1));
        await using var session = fixture.Store.OpenSession();
        _backfills.Control.EnlistStart(session, BackfillFixture.Pass("replaced", 5, 1, pass: 2));
        await fixture.Database.ExecuteAsync("create table hold as select 1 as one");
        await using var barrier = await HeldTransaction.BeginAsync(fixture.Database, "select from hold for update");
        session.Enlist(new NpgsqlBatchCommand("select from hold for share"));
        var restart = session.SaveChangesAsync();
        await barrier.WaitersAsync(1);

        Assert.Empty(await _backfills.AcquireAsync("replaced", 10));

        await barrier.CommitAsync();
        await restart;
        Assert.All(await _backfills.AcquireAsync("replaced", 10), batch => Assert.Equal(2, batch.Token.Batch >> 32));
    }

    [Fact]
    public async Task A_pass_is_done_when_nothing_is_left_to_carve_and_every_batch_is_reported()
    {
        Assert.False(await _backfills.IsDoneAsync("not-started"));
        await _backfills.StartAsync(
            BackfillFixture.Pass("done", 10, 10, shard: "a"), BackfillFixture.Pass("done", 0, 10, shard: "b"));
        Assert.False(await _backfills.IsDoneAsync("done"));
        var batch = Assert.Single(await _backfills.AcquireAsync("done", 5));
        Assert.False(await _backfills.IsDoneAsync("done"));
        Assert.Equal("CO104", (await Assert.ThrowsAsync<PostgresException>(() => _backfills.FinishAsync("done"))).SqlState);

        await _backfills.CompleteAsync(BackfillFixture.Receipt(batch));

        Assert.True(await _backfills.IsDoneAsync("done"));
        await _backfills.FinishAsync("done");
        Assert.Equal(BackfillRowState.Finished, (await _backfills.ProgressAsync("done")).State);
    }

    [Fact]
    public async Task The_same_pass_started_again_keeps_its_sweeps()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("again-sweeps", 20, 10) with { SweepCell = 2 });
        await _backfills.StartAsync(BackfillFixture.Pass("again-sweeps", 20, 1) with { Statement = "update t set n = 0" });

        var batches = await _backfills.AcquireAsync("again-sweeps", 100);

        Assert.Equal(4 * 20, batches.Sum(batch => batch.EndBlock - batch.FirstBlock));
        Assert.Equal(4, batches.Select(batch => batch.Statement).Distinct().Count());
        Assert.All(batches, batch => Assert.StartsWith("update t set n = n + 1 where", batch.Statement, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_batch_that_the_ledger_does_not_have_is_opened_again_under_the_next_epoch()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("lost", 20, 10));
        var granted = await _backfills.AcquireAsync("lost", 2);
        await _backfills.CompleteAsync([.. granted.Select(batch => BackfillFixture.Receipt(batch))]);
        var done = await DoneAsync("lost");
        Assert.Equal(granted.Select(batch => batch.Token.Batch), done.Select(row => row.Batch));
        Assert.Equal((0L, 10L, 1L, granted[0].Token.LeaseId, 10L), (done[0].FirstBlock, done[0].EndBlock, done[0].Epoch, done[0].LeaseId, done[0].RowCount));

        await _backfills.Control.ReopenAsync("lost", "main", BackfillFixture.Step, [done[0].Batch], CancellationToken.None);

        Assert.False(await _backfills.IsDoneAsync("lost"));
        Assert.Equal([done[1].Batch], (await DoneAsync("lost")).Select(row => row.Batch));
        var again = Assert.Single(await _backfills.AcquireAsync("lost", 5));
        Assert.Equal((done[0].Batch, 2L), (again.Token.Batch, again.Token.Epoch));
    }

    [Fact]
    public async Task Progress_is_summed_over_shards()
    {
        await _backfills.StartAsync(
            BackfillFixture.Pass("summed", 20, 10, shard: "a"), BackfillFixture.Pass("summed", 15, 5, shard: "b"));
        // A request is answered from one shard, the next from the one with more room.
        var granted = (await _backfills.AcquireAsync("summed", 2)).Concat(await _backfills.AcquireAsync("summed", 2)).ToList();
        await _backfills.CompleteAsync(
            BackfillFixture.Receipt(granted.First(batch => batch.Token.Shard == "a"), 7),
            BackfillFixture.Receipt(granted.First(batch => batch.Token.Shard == "b"), 3));

        var progress = await _backfills.ProgressAsync("summed");
        await _backfills.PauseAsync("summed");

        Assert.Equal(["a", "b"], progress.Paces.Select(pace => pace.Shard));
        Assert.Equal(
            new BackfillProgress
            {
                Migration = "summed",
                Step = BackfillFixture.Step,
                TriggerTable = "\"public\".\"t\"",
                State = BackfillRowState.Running,
                DoneBlocks = 15,
                TotalBlocks = 35,
                Rows = 10,
                Batches = 2,
                Takeovers = 0,
                Leased = granted.Count - 2,
                Running = granted.Count - 2,
                LastFailure = null,
            },
            progress with { Paces = [] });
        Assert.Equal(BackfillRowState.Paused, (await _backfills.ProgressAsync("summed")).State);
        Assert.Contains(await _backfills.Control.ProgressAsync(null, CancellationToken.None), row => row.Migration == "summed");
    }

    [Fact]
    public async Task Rows_say_what_batches_must_find_in_the_target()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("rows", 20, 10, generation: 4));
        await _backfills.Control.PauseRowsAsync("rows", CancellationToken.None);
        await _backfills.ResumeAsync("rows", new TargetFence(5, 77, "0000000A"));

        var row = Assert.Single(await RowsAsync("rows"));

        Assert.Equal(new BackfillRow("main", BackfillRowState.Running, 1, 10, 20, 4711, 5, 77, "0000000A"), row);
    }

    private Task<IReadOnlyList<BackfillRow>> RowsAsync(string migration) =>
        _backfills.Control.RowsAsync(migration, BackfillFixture.Step, CancellationToken.None);

    private Task<IReadOnlyList<BatchRow>> DoneAsync(string migration) =>
        _backfills.Control.DoneBatchesAsync(migration, "main", BackfillFixture.Step, CancellationToken.None);
}
