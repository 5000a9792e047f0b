using Coordinator.Postgres.Ddl;
using Npgsql;

namespace Coordinator.Postgres.Tests.Ddl;

/// <summary>A step runs exactly once, wherever it is interrupted. Its statement counts, so a second run would show.</summary>
public sealed class DdlCrashTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(25);
    private static readonly DdlBudget Waiting = DdlTarget.Eager with { FirstLockTimeout = Long, LastLockTimeout = Long };

    [Fact]
    public async Task A_backend_that_is_terminated_before_its_commit_leaves_nothing_and_the_step_is_repeated()
    {
        await using var target = await DdlTarget.CreateAsync();
        var waits = new Waits();
        Task<DdlOutcome> run;
        await using (await OpenTransaction.BeginAsync(target.Target.Roles.OwnerSource, "select from public.barrier for update"))
        {
            run = target.RunAsync(Blocked(), Waiting, waits);
            await Activity.TerminateAsync(target.Database, await Activity.WaitingForLockAsync(target.Database, "coordinator ddl"));
            await DdlTarget.SeenAsync(run, () => waits.Has(DdlWaitReason.TargetUnreachable), "the loss is reported");
        }

        var outcome = await run;

        Assert.Equal((DdlResult.Applied, 2), (outcome.Result, outcome.Attempts));
        Assert.Equal(1, await target.CountAsync());
    }

    [Fact]
    public async Task A_commit_whose_answer_was_lost_is_found_by_its_marker()
    {
        await using var target = await DdlTarget.CreateAsync();
        await using var relay = new Relay(target.Target.Roles.CoordinatorConnectionString);
        await using var source = NpgsqlDataSource.Create(relay.ConnectionString);
        await DeferredBarrierAsync(target);
        Task<DdlOutcome> run;
        await using (await OpenTransaction.BeginAsync(target.Target.Roles.OwnerSource, "select from public.barrier for update"))
        {
            run = target.Runner.RunAsync(source, AtCommit(), Waiting, null, CancellationToken.None);
            await Activity.WaitingForLockAsync(target.Database, "coordinator ddl");
            relay.Cut();

            // The second attempt meets the first one's marker, and waits for it instead of running.
            await Activity.WaitingForLockAsync(target.Database, "coordinator ddl", sessions: 2);
        }

        Assert.Equal(DdlResult.AlreadyApplied, (await run).Result);
        Assert.Equal(1, await target.CountAsync());
    }

    [Fact]
    public async Task A_commit_that_did_not_happen_after_the_connection_was_cut_is_repeated()
    {
        await using var target = await DdlTarget.CreateAsync();
        await using var relay = new Relay(target.Target.Roles.CoordinatorConnectionString);
        await using var source = NpgsqlDataSource.Create(relay.ConnectionString);
        await DeferredBarrierAsync(target);
        Task<DdlOutcome> run;
        await using (await OpenTransaction.BeginAsync(target.Target.Roles.OwnerSource, "select from public.barrier for update"))
        {
            run = target.Runner.RunAsync(source, AtCommit(), Waiting, null, CancellationToken.None);
            var first = await Activity.WaitingForLockAsync(target.Database, "coordinator ddl");
            relay.Cut();
            await Activity.WaitingForLockAsync(target.Database, "coordinator ddl", sessions: 2);
            await Activity.TerminateAsync(target.Database, first);
        }

        Assert.Equal(DdlResult.Applied, (await run).Result);
        Assert.Equal(1, await target.CountAsync());
    }

    [Fact]
    public async Task Two_runners_of_one_step_run_it_once()
    {
        await using var target = await DdlTarget.CreateAsync();

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => target.RunAsync(DdlTarget.Step(), Waiting)));

        Assert.Single(outcomes, outcome => outcome.Result == DdlResult.Applied);
        Assert.Equal(1, await target.CountAsync());
    }

    [Fact]
    public async Task A_server_that_crashes_and_comes_back_is_waited_for()
    {
        await using var server = await PrivateServer.StartAsync();
        await server.ExecuteAsync("create table public.counter (n int); insert into public.counter values (0); create table public.review (id int)");
        var waits = new Waits();
        Task<DdlOutcome> run;
        await using (await OpenTransaction.BeginAsync(server.Source, "select from public.review"))
        {
            run = new DdlRunner(TimeProvider.System).RunAsync(server.Source, DdlTarget.Step(), DdlTarget.Eager, waits, default);
            await DdlTarget.SeenAsync(run, () => waits.Has(DdlWaitReason.LockTimeout), "it waits");
            await server.CrashAsync();
            await DdlTarget.SeenAsync(run, () => waits.Has(DdlWaitReason.TargetUnreachable), "the crash is seen");
        }

        await server.RestartAsync();

        Assert.Equal(DdlResult.Applied, (await run).Result);
        Assert.Equal(1, await server.ScalarAsync<int>("select n from public.counter"));
    }

    private static DdlStep Blocked() => DdlTarget.Step("select from public.barrier for update") with { MaxHold = Long };

    private static DdlStep AtCommit() => DdlTarget.Step("insert into public.late values (1)") with { MaxHold = Long };

    /// <summary>A commit that stops in the middle: a deferred trigger runs inside it and waits for the barrier.</summary>
    private static Task DeferredBarrierAsync(DdlTarget target) => target.Target.ExecuteAsOwnerAsync(
        """
        create table public.late (id int);
        create function public.wait_at_commit() returns trigger language plpgsql as $$
        begin
            perform from public.barrier for update;
            return null;
        end $$;
        create constraint trigger late after insert on public.late deferrable initially deferred
            for each row execute function public.wait_at_commit();
        """);
}
