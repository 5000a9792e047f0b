using Coordinator.Postgres.Ledger;
using Coordinator.Testing;
using Coordinator.Worker.Batches;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>Nothing granted before a pause commits after the pause was acknowledged.</summary>
public sealed class PauseTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    private const int Workers = 8;

    [Fact]
    public async Task A_pause_waits_for_the_batch_that_is_inside_and_refuses_the_next_one_meanwhile()
    {
        var target = await BatchTarget.CreateAsync(fixture.Target, batches: 2);
        Task<BatchOutcome> inside;
        Task<long> pause;
        await using (await target.CloseGateAsync())
        {
            inside = target.RunAsync(target.Grant(statement: target.StopAfterWriting) with { LockTimeout = TimeSpan.FromSeconds(30) });
            await target.AtGateAsync();
            pause = FenceControl.RaiseAsync(target.Target.Coordinator, target.Migration, FenceMode.Paused, default);
            await Eventually.TrueAsync(
                async () => (await FenceControl.ReadAsync(target.Target.Coordinator, target.Migration, default))?.Generation == 2,
                "the pause is published");

            var next = await target.RunAsync(target.Grant(batch: 2));
            Assert.True(next is BatchOutcome.FenceMoved or BatchOutcome.Busy, next.ToString());
            Assert.False(pause.IsCompleted);
        }

        Assert.IsType<BatchOutcome.Committed>(await inside);
        Assert.Equal(2, await pause);
        Assert.IsType<BatchOutcome.FenceMoved>(await target.RunAsync(target.Grant(batch: 2)));
        Assert.Equal(0, await target.AppliedAsync(batch: 2));
    }

    [Fact]
    public async Task After_a_resume_only_new_grants_run()
    {
        var target = await BatchTarget.CreateAsync(fixture.Target);
        var old = target.Grant();
        await FenceControl.RaiseAsync(target.Target.Coordinator, target.Migration, FenceMode.Paused, default);
        var generation = await FenceControl.RaiseAsync(target.Target.Coordinator, target.Migration, FenceMode.Open, default);

        Assert.IsType<BatchOutcome.FenceMoved>(await target.RunAsync(old));
        Assert.IsType<BatchOutcome.Committed>(await target.RunAsync(target.Grant() with { Generation = generation }));
    }

    [Fact]
    public async Task Of_eight_overlapping_workers_none_commits_after_the_acknowledgement()
    {
        var (acknowledged, final) = await PauseUnderLoadAsync(fixture.Target);

        Assert.Equal(acknowledged, final);
    }

    [Fact]
    public async Task Mutant_batches_that_take_no_lock_commit_after_the_acknowledgement()
    {
        await using var target = await InstalledTarget.CreateAsync();
        await MutantFunctions.ReplaceAsync(
            target, "enter_fence", ("pg_try_advisory_xact_lock_shared(coordinator.fence_key(p_migration))", "true"));

        var violated = false;
        for (var attempt = 0; attempt < 5 && !violated; attempt++)
        {
            var (acknowledged, final) = await PauseUnderLoadAsync(target);
            violated = final > acknowledged;
        }

        Assert.True(violated);
    }

    [Fact]
    public async Task Mutant_batches_that_do_not_look_at_the_generation_commit_after_the_acknowledgement()
    {
        await using var installed = await InstalledTarget.CreateAsync();
        await MutantFunctions.ReplaceAsync(
            installed, "check_fence", ("v_fence.mode = 'open' and v_fence.generation = p_generation", "true"));
        var target = await BatchTarget.CreateAsync(installed);

        await FenceControl.RaiseAsync(installed.Coordinator, target.Migration, FenceMode.Paused, default);

        Assert.IsType<BatchOutcome.Committed>(await target.RunAsync(target.Grant()));
    }

    /// <summary>
    /// Lock and generation in one statement: its snapshot is older than its lock, so it reads the generation from before
    /// a raise that came and went in between.
    /// </summary>
    [Fact]
    public async Task Mutant_batches_that_lock_and_read_in_one_statement_read_the_old_generation()
    {
        var target = await BatchTarget.CreateAsync(fixture.Target);
        var sql =
            $"""
            with late as materialized (select {target.Gate}::text),
                 locked as materialized (
                   select pg_try_advisory_xact_lock_shared(coordinator.fence_key('{target.Migration}')) as entered from late)
            select f.generation from locked, coordinator.fence as f where entered and f.migration = '{target.Migration}'
            """;
        Task<long> read;
        await using (await target.CloseGateAsync())
        {
            read = target.Database.ScalarAsync<long>(sql);
            await target.AtGateAsync();
            Assert.Equal(2, await FenceControl.RaiseAsync(target.Target.Coordinator, target.Migration, FenceMode.Paused, default));
        }

        Assert.Equal(1, await read);
    }

    /// <summary>How many batches were done when the pause was acknowledged, and when every worker had ended.</summary>
    private static async Task<(long Acknowledged, long Final)> PauseUnderLoadAsync(InstalledTarget installed)
    {
        const int Batches = 80;
        var target = await BatchTarget.CreateAsync(installed, Batches);
        var statement = $"with done as ({target.Increment} returning n) select pg_sleep(0.02), count(*) from done";
        var next = 0;
        var workers = Enumerable.Range(0, Workers).Select(async _ =>
        {
            while (Interlocked.Increment(ref next) is var batch && batch <= Batches
                && await target.RunAsync(target.Grant(batch, statement: statement)) is not BatchOutcome.FenceMoved)
            {
            }
        }).ToArray();
        await Eventually.TrueAsync(async () => await DoneAsync(target) >= Workers, "batches overlap");

        await FenceControl.RaiseAsync(installed.Coordinator, target.Migration, FenceMode.Paused, default);
        var acknowledged = await DoneAsync(target);
        await Task.WhenAll(workers);

        Assert.True(acknowledged < Batches, "the pause came while there was work left");
        return (acknowledged, await DoneAsync(target));
    }

    private static async Task<long> DoneAsync(BatchTarget target) =>
        (await LedgerReader.SummaryAsync(target.Target.Coordinator, target.Migration, BatchTarget.Step, default)).BatchesDone;
}
