using Coordinator.Postgres.Ddl;
using Coordinator.Testing;

namespace Coordinator.Postgres.Tests.Ddl;

/// <summary>The application is stalled for one lock timeout at most, and not at all where an attempt would be futile.</summary>
public sealed class DdlStallTests
{
    private static readonly TimeSpan LockTimeout = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan WellAboveLockTimeout = TimeSpan.FromSeconds(5);

    private static readonly DdlBudget OneRung = DdlTarget.Eager with { FirstLockTimeout = LockTimeout, LastLockTimeout = LockTimeout };

    [Fact]
    public Task A_reader_behind_a_waiting_attempt_is_released_while_the_table_is_still_held() =>
        ReaderIsReleasedAsync(OneRung);

    [Fact]
    public async Task Without_a_lock_timeout_the_reader_stays_behind_the_attempt() =>
        await Assert.ThrowsAsync<TimeoutException>(() => ReaderIsReleasedAsync(OneRung with { Unbounded = true }));

    [Fact]
    public void The_default_ladder_goes_from_100_to_500_milliseconds()
    {
        var budget = new DdlBudget();

        Assert.Equal(TimeSpan.FromMilliseconds(100), budget.LockTimeout(1));
        Assert.True(budget.LockTimeout(1) < budget.LockTimeout(2));
        Assert.Equal(TimeSpan.FromMilliseconds(500), budget.LockTimeout(1000));
    }

    [Fact]
    public async Task The_session_that_runs_the_statements_has_the_timeouts_of_its_attempt()
    {
        await using var target = await DdlTarget.CreateAsync();
        await target.Target.ExecuteAsOwnerAsync("create table public.seen (lock_timeout text, statement_timeout interval, idle text)");
        var waits = new Waits();
        Task<DdlOutcome> run;
        await using (await OpenTransaction.BeginAsync(target.Target.Application, "select from public.review"))
        {
            run = target.RunAsync(
                DdlTarget.Step(
                    """
                    insert into public.seen values (current_setting('lock_timeout'), current_setting('statement_timeout')::interval,
                                                    current_setting('idle_in_transaction_session_timeout'))
                    """),
                OneRung with { LastLockTimeout = TimeSpan.FromMilliseconds(750) },
                waits);
            await DdlTarget.SeenAsync(run, () => waits.Has(DdlWaitReason.LockTimeout), "an attempt gave way");
        }

        var outcome = await run;

        Assert.True(outcome.Attempts >= 2);
        Assert.Equal("750ms", await target.Database.ScalarAsync<string>("select lock_timeout from public.seen"));
        Assert.Equal("5s", await target.Database.ScalarAsync<string>("select idle from public.seen"));
        Assert.True(await target.Database.ScalarAsync<bool>(
            "select statement_timeout > '0' and statement_timeout <= '1s' from public.seen"));
    }

    [Fact]
    public async Task An_attempt_that_gives_way_names_the_holder_and_is_repeated_until_it_succeeds()
    {
        await using var target = await DdlTarget.CreateAsync();
        var waits = new Waits();
        Task<DdlOutcome> run;
        int holderPid;
        await using (var holder = await OpenTransaction.BeginAsync(target.Target.Application, "select from public.review"))
        {
            holderPid = holder.Pid;
            run = target.RunAsync(DdlTarget.Step("alter table public.review add column message text"), waits: waits);
            await DdlTarget.SeenAsync(run, () => waits.All.Count(wait => wait.Reason == DdlWaitReason.LockTimeout) >= 2, "two attempts gave way");
            Assert.False(run.IsCompleted);
        }

        var outcome = await run;

        Assert.Equal(DdlResult.Applied, outcome.Result);
        Assert.True(outcome.Attempts >= 3);
        Assert.True(outcome.LockWait >= TimeSpan.FromMilliseconds(200));
        Assert.True(waits.Has(DdlWaitReason.LockTimeout, $"pid {holderPid} of {target.Target.Roles.Application}"));
        Assert.Equal(1, await target.CountAsync());
    }

    [Fact]
    public async Task Nobody_is_stalled_while_an_old_transaction_is_in_the_way()
    {
        await using var target = await DdlTarget.CreateAsync();
        var waits = new Waits();
        Task<DdlOutcome> run;
        await using (var holder = await OpenTransaction.BeginAsync(target.Target.Application, "select from public.review"))
        {
            run = target.RunAsync(DdlTarget.Step(), DdlTarget.Eager with { OldTransaction = TimeSpan.Zero }, waits);
            await DdlTarget.SeenAsync(run, () => waits.Has(DdlWaitReason.OldTransaction, $"pid {holder.Pid} of {target.Target.Roles.Application}, idle in transaction"),
                "the idle transaction is named");
            Assert.All(waits.All, wait => Assert.Equal(0, wait.Attempt));
        }

        Assert.Equal(new { Result = DdlResult.Applied, Attempts = 1 }, Short(await run));
    }

    [Fact]
    public async Task A_prepared_transaction_is_waited_for_and_named()
    {
        await using var target = await DdlTarget.CreateAsync();
        var name = $"left {target.Database.Name}";
        await using (var open = await OpenTransaction.BeginAsync(target.Target.Application, "update public.review set comment = 'x'"))
        {
            await open.ExecuteAsync($"prepare transaction '{name}'");
        }

        var waits = new Waits();
        var run = target.RunAsync(DdlTarget.Step(), waits: waits);
        await DdlTarget.SeenAsync(run, () => waits.Has(DdlWaitReason.PreparedTransaction, $"prepared transaction '{name}'"), "it is named");
        await target.Database.ExecuteAsync($"rollback prepared '{name}'");

        Assert.Equal(new { Result = DdlResult.Applied, Attempts = 1 }, Short(await run));
    }

    [Fact]
    public async Task A_holder_of_one_partition_is_seen_and_the_attempt_on_the_parent_gives_way()
    {
        await using var target = await DdlTarget.CreateAsync();
        await target.Target.ExecuteAsOwnerAsync(
            """
            create table public.part (id int) partition by range (id);
            create table public.part_1 partition of public.part for values from (0) to (10);
            create table public.part_2 partition of public.part for values from (10) to (20);
            """);
        var waits = new Waits();
        Task<DdlOutcome> run;
        await using (var holder = await OpenTransaction.BeginAsync(target.Target.Application, "select from public.part_2"))
        {
            run = target.RunAsync(DdlTarget.Step() with { LockTable = new("public", "part") }, waits: waits);
            await DdlTarget.SeenAsync(run, () => waits.Has(DdlWaitReason.LockTimeout, $"pid {holder.Pid} "), "the attempt gave way");
        }

        Assert.Equal(DdlResult.Applied, (await run).Result);
    }

    [Fact]
    public async Task Waiting_ends_with_its_token_and_leaves_nothing()
    {
        await using var target = await DdlTarget.CreateAsync();
        using var stop = new CancellationTokenSource();
        var waits = new Waits();
        await using var holder = await OpenTransaction.BeginAsync(target.Target.Application, "select from public.review");
        var run = target.RunAsync(DdlTarget.Step(), waits: waits, token: stop.Token);
        await DdlTarget.SeenAsync(run, () => waits.Has(DdlWaitReason.LockTimeout), "an attempt gave way");

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.False(await target.HasMarkerAsync());
    }

    /// <summary>Fails with a TimeoutException when a reader that queued behind an attempt is not let through.</summary>
    private static async Task ReaderIsReleasedAsync(DdlBudget budget)
    {
        await using var target = await DdlTarget.CreateAsync();
        using var stop = new CancellationTokenSource();
        await using var holder = await OpenTransaction.BeginAsync(target.Target.Application, "select from public.review");
        await using var reader = await target.Target.Application.OpenConnectionAsync(stop.Token);
        await using var command = reader.CreateCommand();
        command.CommandText = "select count(*) from public.review";
        command.CommandTimeout = 0;
        Task<object?> read = Task.FromResult<object?>(null);
        var run = target.RunAsync(DdlTarget.Step(), budget, token: stop.Token);
        try
        {
            await Eventually.TrueAsync(
                async () =>
                {
                    if (read.IsCompleted)
                    {
                        await read;
                        await Activity.WaitingForLockAsync(target.Database, "coordinator ddl");
                        read = command.ExecuteScalarAsync(stop.Token);
                    }

                    return await target.Database.ScalarAsync<bool>(
                        $"""
                        select exists (select from pg_stat_activity
                                       where application_name like 'coordinator ddl%' and pid = any (pg_blocking_pids({reader.ProcessID})))
                        """);
                },
                "a reader queued behind the attempt");

            await Eventually.TrueAsync(() => Task.FromResult(read.IsCompleted), "the reader is released", WellAboveLockTimeout);

            Assert.Equal(1L, await read);
            Assert.False(run.IsCompleted);
        }
        finally
        {
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
            await ((Task)read).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static object Short(DdlOutcome outcome) => new { outcome.Result, outcome.Attempts };
}
