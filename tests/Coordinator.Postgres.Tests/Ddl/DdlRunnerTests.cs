using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Ddl;
using Npgsql;

namespace Coordinator.Postgres.Tests.Ddl;

public sealed class DdlRunnerTests
{
    [Fact]
    public async Task A_step_is_applied_with_its_marker()
    {
        await using var target = await DdlTarget.CreateAsync();

        var outcome = await target.RunAsync(DdlTarget.Step("alter table public.review add column message text"));

        Assert.Equal(DdlResult.Applied, outcome.Result);
        Assert.Equal(1, outcome.Attempts);
        Assert.InRange(outcome.Held, TimeSpan.FromTicks(1), TimeSpan.FromSeconds(1));
        Assert.True(await target.HasMarkerAsync());
        Assert.Null(await CatalogCheck.ColumnExistsAsync(target.Target.Coordinator, DdlTarget.Review, "message", "text", default));
    }

    [Fact]
    public async Task A_step_whose_marker_is_there_is_not_run_again()
    {
        await using var target = await DdlTarget.CreateAsync();
        await target.RunAsync(DdlTarget.Step());

        var again = await target.RunAsync(DdlTarget.Step());

        Assert.Equal((DdlResult.AlreadyApplied, 0), (again.Result, again.Attempts));
        Assert.Equal(1, await target.CountAsync());
    }

    [Fact]
    public async Task A_step_whose_marker_is_there_needs_no_lock()
    {
        await using var target = await DdlTarget.CreateAsync();
        await target.RunAsync(DdlTarget.Step());
        await using var holder = await OpenTransaction.BeginAsync(
            target.Target.Roles.OwnerSource, "lock table public.review in access exclusive mode");

        var again = await target.RunAsync(DdlTarget.Step(), new DdlBudget { OldTransaction = TimeSpan.Zero });

        Assert.Equal((DdlResult.AlreadyApplied, 0), (again.Result, again.Attempts));
    }

    [Fact]
    public async Task A_failing_statement_rolls_everything_back_and_is_named()
    {
        await using var target = await DdlTarget.CreateAsync();

        var failure = await Assert.ThrowsAsync<DdlFailedException>(
            () => target.RunAsync(DdlTarget.Step("alter table public.review add column id int")));

        Assert.Equal(PostgresErrorCodes.DuplicateColumn, failure.SqlState);
        Assert.Equal("alter table public.review add column id int", failure.Statement);
        Assert.False(failure.GuardFailed);
        Assert.Equal(0, await target.CountAsync());
        Assert.False(await target.HasMarkerAsync());
    }

    [Fact]
    public async Task A_guard_that_fails_rolls_everything_back_and_leaves_no_marker()
    {
        await using var target = await DdlTarget.CreateAsync();
        var step = DdlTarget.Step() with
        {
            Guards =
            [
                new("select coordinator.require($1, 'CO007', 'fine')", true),
                new("select coordinator.require(n = $1, 'CO007', 'the trigger is gone') from public.counter", 7),
            ],
        };

        var failure = await Assert.ThrowsAsync<DdlFailedException>(() => target.RunAsync(step));

        Assert.Equal(("CO007", "the trigger is gone", true), (failure.SqlState, failure.Message, failure.GuardFailed));
        Assert.Equal(0, await target.CountAsync());
        Assert.False(await target.HasMarkerAsync());
    }

    [Fact]
    public async Task A_guard_whose_condition_is_unknown_fails()
    {
        await using var target = await DdlTarget.CreateAsync();
        var step = DdlTarget.Step() with { Guards = [new("select coordinator.require(null, 'CO007', 'unknown')")] };

        Assert.True((await Assert.ThrowsAsync<DdlFailedException>(() => target.RunAsync(step))).GuardFailed);
    }

    [Fact]
    public async Task A_guard_sees_what_committed_while_the_lock_was_waited_for()
    {
        await using var target = await DdlTarget.CreateAsync();
        var step = DdlTarget.Step() with
        {
            Guards = [new("select coordinator.require(comment <> 'bad', 'CO007', 'a bad row') from public.review")],
        };
        Task<DdlOutcome> run;
        await using (var holder = await OpenTransaction.BeginAsync(target.Target.Application, "update public.review set comment = 'bad'"))
        {
            run = target.RunAsync(
                step, DdlTarget.Eager with { FirstLockTimeout = TimeSpan.FromSeconds(20), LastLockTimeout = TimeSpan.FromSeconds(20) });
            await Activity.WaitingForLockAsync(target.Database, "coordinator ddl");
            await holder.CommitAsync();
        }

        Assert.True((await Assert.ThrowsAsync<DdlFailedException>(() => run)).GuardFailed);
    }

    [Fact]
    public async Task A_statement_that_holds_the_lock_for_too_long_is_stopped_and_not_tried_again()
    {
        await using var target = await DdlTarget.CreateAsync();
        await target.Target.ExecuteAsOwnerAsync("insert into public.review select g, 'x' from generate_series(2, 1000) g");
        var step = DdlTarget.Step("select count(pg_sleep(0.01)) from public.review") with { MaxHold = TimeSpan.FromMilliseconds(200) };

        var failure = await Assert.ThrowsAsync<DdlFailedException>(() => target.RunAsync(step));

        Assert.Equal(PostgresErrorCodes.QueryCanceled, failure.SqlState);
        Assert.Contains("must not scan", failure.Message, StringComparison.Ordinal);
        Assert.False(await target.HasMarkerAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Statements_share_one_budget_for_holding_the_lock(bool locksFirst)
    {
        await using var target = await DdlTarget.CreateAsync();
        string[] naps = [.. Enumerable.Repeat("select pg_sleep(0.15)", 6)];
        var step = DdlTarget.Step(naps) with { MaxHold = TimeSpan.FromMilliseconds(400), LockTable = locksFirst ? DdlTarget.Review : null };

        var failure = await Assert.ThrowsAsync<DdlFailedException>(() => target.RunAsync(step));

        Assert.Equal(PostgresErrorCodes.QueryCanceled, failure.SqlState);
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("update public.counter set n = n + 1; commit; begin")]
    [InlineData("rollback")]
    [InlineData("do $$ begin update public.counter set n = n + 1; commit; end $$")]
    [InlineData("call public.escape()")]
    public async Task An_operators_statement_cannot_end_the_transaction(string statement)
    {
        await using var target = await DdlTarget.CreateAsync();
        await target.Target.ExecuteAsOwnerAsync(
            "create procedure public.escape() language plpgsql as $$ begin update public.counter set n = n + 1; commit; end $$");

        var failure = await Assert.ThrowsAsync<DdlFailedException>(
            () => target.RunAsync(DdlTarget.Step(statement) with { InFunction = true }));

        Assert.Contains(
            failure.SqlState, (string[])[PostgresErrorCodes.FeatureNotSupported, PostgresErrorCodes.InvalidTransactionTermination]);
        Assert.Equal(statement, failure.Statement);
        Assert.Equal(0, await target.CountAsync());
        Assert.False(await target.HasMarkerAsync());
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("  -- a remark\n ROLLBACK")]
    [InlineData("/* x */ start transaction")]
    [InlineData("prepare transaction 'x'")]
    public async Task A_plans_statement_with_transaction_control_is_refused_before_anything_runs(string statement)
    {
        await using var target = await DdlTarget.CreateAsync();

        await Assert.ThrowsAsync<ArgumentException>(() => target.RunAsync(DdlTarget.Step(statement)));

        Assert.Equal(0, await target.CountAsync());
    }

    [Fact]
    public async Task An_operators_statement_finds_what_the_search_path_finds()
    {
        await using var target = await DdlTarget.CreateAsync();

        await target.RunAsync(
            DdlTarget.Step("create table made (id int); insert into made values (1), (2)") with { InFunction = true, LockTable = null });

        Assert.Equal(2L, await target.Database.ScalarAsync<long>("select count(*) from public.made"));
    }

    [Fact]
    public async Task A_weaker_lock_lets_readers_pass()
    {
        await using var target = await DdlTarget.CreateAsync();
        await using var reader = await OpenTransaction.BeginAsync(target.Target.Application, "select from public.review");

        var outcome = await target.RunAsync(
            DdlTarget.Step() with { LockMode = DdlLockMode.ShareRowExclusive }, new DdlBudget { OldTransaction = TimeSpan.Zero });

        Assert.Equal((DdlResult.Applied, 1), (outcome.Result, outcome.Attempts));
    }

    [Fact]
    public async Task Without_a_table_to_lock_the_lock_timeout_still_bounds_every_wait()
    {
        await using var target = await DdlTarget.CreateAsync();
        var waits = new Waits();
        Task<DdlOutcome> run;
        await using (var holder = await OpenTransaction.BeginAsync(target.Target.Application, "select from public.review"))
        {
            run = target.RunAsync(DdlTarget.Step("alter table public.review add column b int") with { LockTable = null }, waits: waits);
            await DdlTarget.SeenAsync(run, () => waits.Has(DdlWaitReason.LockTimeout, $"pid {holder.Pid} "), "the attempt gave way and names the holder");
        }

        Assert.Equal(DdlResult.Applied, (await run).Result);
    }

    [Theory]
    [MemberData(nameof(HostileNames.All), MemberType = typeof(HostileNames))]
    public async Task A_table_can_have_any_name(string name)
    {
        await using var target = await DdlTarget.CreateAsync();
        var table = new TableName(name, name);
        await target.Database.ExecuteAsync($"create schema {Identifier.Quote(name)} authorization {target.Target.Roles.Owner}");
        await target.Target.ExecuteAsOwnerAsync($"create table {table.Sql} (id int)");
        var step = new DdlStep
        {
            Migration = "m",
            Step = "s",
            LockTable = table,
            Statements = [$"alter table {table.Sql} add column {Identifier.Quote(name)} int"],
        };

        var outcome = await target.RunAsync(step);

        Assert.Equal(DdlResult.Applied, outcome.Result);
        Assert.Null(await CatalogCheck.ColumnExistsAsync(target.Target.Coordinator, table, name, "integer", default));
    }

    [Fact]
    public async Task A_target_without_the_schema_says_so()
    {
        await using var target = await DdlTarget.CreateAsync();
        await target.Database.ExecuteAsync("drop schema coordinator cascade");

        var failure = await Assert.ThrowsAsync<DdlFailedException>(() => target.RunAsync(DdlTarget.Step()));

        Assert.Contains("not installed", failure.Message, StringComparison.Ordinal);
    }
}
