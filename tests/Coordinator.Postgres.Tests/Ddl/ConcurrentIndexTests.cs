using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Ddl;
using Coordinator.Postgres.Locks;
using Npgsql;

namespace Coordinator.Postgres.Tests.Ddl;

public sealed class ConcurrentIndexTests
{
    private const string Name = "review_comment_idx";

    private static readonly ConcurrentIndex Plain =
        new(DdlTarget.Review, Name, $"create index concurrently {Name} on public.review (comment)");

    private static readonly ConcurrentIndex Unique =
        new(DdlTarget.Review, Name, $"create unique index concurrently {Name} on public.review (comment)");

    private readonly ConcurrentIndexRunner _runner = new(TimeProvider.System);

    [Fact]
    public async Task An_index_is_built_once()
    {
        await using var target = await DdlTarget.CreateAsync();

        Assert.Equal(DdlResult.Applied, (await CreateAsync(target, Plain)).Result);
        Assert.Equal(DdlResult.AlreadyApplied, (await CreateAsync(target, Plain)).Result);

        Assert.Null(await ProblemAsync(target));
    }

    [Fact]
    public async Task An_invalid_leftover_is_dropped_and_the_index_built_again()
    {
        await using var target = await DdlTarget.CreateAsync();
        await LeaveInvalidAsync(target);
        Assert.Contains("invalid", await ProblemAsync(target), StringComparison.Ordinal);

        Assert.Equal(DdlResult.Applied, (await CreateAsync(target, Unique)).Result);

        Assert.Null(await ProblemAsync(target));
    }

    [Fact]
    public async Task If_not_exists_would_take_the_invalid_leftover_for_the_index()
    {
        await using var target = await DdlTarget.CreateAsync();
        await LeaveInvalidAsync(target);

        await ExecuteAsync(target, $"create unique index concurrently if not exists {Name} on public.review (comment)");

        Assert.Contains("invalid", await ProblemAsync(target), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Duplicate_keys_are_a_clear_failure_and_leave_nothing()
    {
        await using var target = await DdlTarget.CreateAsync();
        await target.Target.ExecuteAsOwnerAsync("insert into public.review values (2, 'good')");

        var failure = await Assert.ThrowsAsync<DdlFailedException>(() => CreateAsync(target, Unique));

        Assert.Equal(PostgresErrorCodes.UniqueViolation, failure.SqlState);
        Assert.Contains("Rows of public.review have the same key", failure.Message, StringComparison.Ordinal);
        Assert.Contains("no index", await ProblemAsync(target), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_object_of_that_name_is_a_clear_failure()
    {
        await using var target = await DdlTarget.CreateAsync();
        await target.Target.ExecuteAsOwnerAsync($"create index {Name} on public.counter (n)");

        var failure = await Assert.ThrowsAsync<DdlFailedException>(() => CreateAsync(target, Plain));

        Assert.Equal(PostgresErrorCodes.DuplicateTable, failure.SqlState);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_build_that_is_cancelled_or_loses_its_backend_recovers(bool terminate)
    {
        await using var target = await DdlTarget.CreateAsync();
        var waits = new Waits();
        Task<DdlOutcome> run;
        await using (var writer = await OpenTransaction.BeginAsync(target.Target.Application, "update public.review set comment = 'x'"))
        {
            run = CreateAsync(target, Plain, waits);
            var pid = await Activity.WaitingForLockAsync(target.Database, "coordinator index");
            await (terminate ? Activity.TerminateAsync(target.Database, pid) : Activity.CancelAsync(target.Database, pid));
            await DdlTarget.SeenAsync(
                run, () => waits.Has(terminate ? DdlWaitReason.TargetUnreachable : DdlWaitReason.IndexBuild), "the loss is reported");
            await Activity.WaitingForLockAsync(target.Database, "coordinator index");
        }

        var outcome = await run;

        Assert.Equal(DdlResult.Applied, outcome.Result);
        Assert.True(outcome.Attempts > 1);
        Assert.Null(await ProblemAsync(target));
    }

    [Fact]
    public async Task A_build_says_whom_it_waits_for_and_stops_no_writer()
    {
        await using var target = await DdlTarget.CreateAsync();
        var waits = new Waits();
        Task<DdlOutcome> run;
        await using (var writer = await OpenTransaction.BeginAsync(target.Target.Application, "update public.review set comment = 'x'"))
        {
            run = CreateAsync(target, Plain, waits);
            await DdlTarget.SeenAsync(
                run, () => waits.Has(DdlWaitReason.IndexBuild, $"pid {writer.Pid} of {target.Target.Roles.Application}"), "the writer is named");
            await using var other = target.Target.Application.CreateCommand("insert into public.review values (7, 'while it builds')");
            Assert.Equal(1, await other.ExecuteNonQueryAsync());
        }

        Assert.Equal(DdlResult.Applied, (await run).Result);
    }

    [Fact]
    public async Task The_build_and_those_who_poll_for_its_lock_do_not_deadlock()
    {
        await using var target = await DdlTarget.CreateAsync();
        var waits = new Waits();
        Task<DdlOutcome>[] runs;
        await using (await OpenTransaction.BeginAsync(target.Target.Application, "update public.review set comment = 'x'"))
        {
            runs = [CreateAsync(target, Plain, waits), CreateAsync(target, Plain, waits), CreateAsync(target, Plain, waits)];
            await Activity.WaitingForLockAsync(target.Database, "coordinator index");
            await DdlTarget.SeenAsync(Task.WhenAny(runs), () => waits.Has(DdlWaitReason.OtherIndexBuild), "the others poll");
        }

        var outcomes = await Task.WhenAll(runs);

        Assert.Single(outcomes, outcome => outcome.Result == DdlResult.Applied);
        Assert.All(outcomes, outcome => Assert.Equal(1, outcome.Attempts));
        Assert.Null(await ProblemAsync(target));
    }

    [Fact]
    public async Task A_session_that_waited_for_the_lock_in_a_statement_would_deadlock_with_the_build()
    {
        await using var target = await DdlTarget.CreateAsync();
        var key = AdvisoryLockKey.ForName("index", DdlTarget.Review.Sql).Value;
        await using var builder = await target.Target.Coordinator.OpenConnectionAsync();
        await using var waiter = await target.Target.Worker.OpenConnectionAsync();
        await using (var hold = builder.CreateBatch())
        {
            hold.BatchCommands.Add(new($"select pg_try_advisory_lock({key})"));
            await hold.ExecuteNonQueryAsync();
        }

        await using var wait = waiter.CreateBatch();
        wait.BatchCommands.Add(new($"select pg_advisory_{"lock"}({key})"));
        var waiting = wait.ExecuteNonQueryAsync();
        await Activity.WaitingForLockAsync(target.Database, "coordinator-worker");
        await using var build = builder.CreateBatch();
        build.BatchCommands.Add(new(Plain.Statement));
        var building = build.ExecuteNonQueryAsync();

        // Whoever looks for the deadlock first ends: the build, or the waiter, after which the build goes on.
        var buildFailed = await Record.ExceptionAsync(() => building);
        await Activity.TerminateAsync(target.Database, builder.ProcessID);
        var waitFailed = await Record.ExceptionAsync(() => waiting);

        var failure = Assert.Single(new[] { buildFailed, waitFailed }.OfType<PostgresException>());
        Assert.Equal(PostgresErrorCodes.DeadlockDetected, failure.SqlState);
    }

    [Fact]
    public async Task The_roles_own_timeouts_do_not_end_a_build()
    {
        await using var target = await DdlTarget.CreateAsync();
        await target.Database.ExecuteAsync(
            $"""
            alter role {target.Target.Roles.Coordinator} set statement_timeout = '20s';
            alter role {target.Target.Roles.Coordinator} set lock_timeout = '20s';
            """);
        await target.Target.ExecuteAsOwnerAsync(
            """
            create function public.checked(v text) returns text language plpgsql immutable as $$
            begin
                if current_setting('statement_timeout') <> '0' or current_setting('lock_timeout') <> '0' then
                    raise exception 'the build has a timeout';
                end if;
                return v;
            end $$
            """);
        await using var source = NpgsqlDataSource.Create(target.Target.Roles.CoordinatorConnectionString + ";Pooling=false");
        var index = Plain with { Statement = $"create index concurrently {Name} on public.review (public.checked(comment))" };

        Assert.Equal(DdlResult.Applied, (await _runner.CreateAsync(source, index, DdlTarget.Eager, null, CancellationToken.None)).Result);
    }

    [Fact]
    public async Task An_index_is_dropped_once()
    {
        await using var target = await DdlTarget.CreateAsync();
        await CreateAsync(target, Plain);

        Assert.Equal(DdlResult.Applied, (await DropAsync(target)).Result);
        Assert.Equal(DdlResult.AlreadyApplied, (await DropAsync(target)).Result);
    }

    [Theory]
    [MemberData(nameof(HostileNames.All), MemberType = typeof(HostileNames))]
    public async Task An_index_can_have_any_name(string name)
    {
        await using var target = await DdlTarget.CreateAsync();
        var table = new TableName(name, name);
        var indexName = "i" + name[..Math.Min(name.Length, 62)];
        await target.Database.ExecuteAsync($"create schema {Identifier.Quote(name)} authorization {target.Target.Roles.Owner}");
        await target.Target.ExecuteAsOwnerAsync($"create table {table.Sql} (id int, {Identifier.Quote(name)} int)");
        var index = new ConcurrentIndex(
            table, indexName, $"create index concurrently {Identifier.Quote(indexName)} on {table.Sql} ({Identifier.Quote(name)})");

        Assert.Equal(DdlResult.Applied, (await CreateAsync(target, index)).Result);

        Assert.Null(await CatalogCheck.IndexValidAsync(target.Target.Coordinator, table, index.IndexName, default));
        await _runner.DropAsync(target.Target.Coordinator, table, indexName, DdlTarget.Eager, null, default);
    }

    private Task<DdlOutcome> CreateAsync(DdlTarget target, ConcurrentIndex index, Waits? waits = null) =>
        _runner.CreateAsync(target.Target.Coordinator, index, DdlTarget.Eager, waits, CancellationToken.None);

    private Task<DdlOutcome> DropAsync(DdlTarget target) =>
        _runner.DropAsync(target.Target.Coordinator, DdlTarget.Review, Name, DdlTarget.Eager, null, CancellationToken.None);

    private static Task<string?> ProblemAsync(DdlTarget target) =>
        CatalogCheck.IndexValidAsync(target.Target.Coordinator, DdlTarget.Review, Name, CancellationToken.None);

    /// <summary>What a build that met duplicates leaves, with the duplicates gone again.</summary>
    private static async Task LeaveInvalidAsync(DdlTarget target)
    {
        await target.Target.ExecuteAsOwnerAsync("insert into public.review values (2, 'good')");
        var failure = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(target, Unique.Statement));
        Assert.Equal(PostgresErrorCodes.UniqueViolation, failure.SqlState);
        await target.Target.ExecuteAsOwnerAsync("delete from public.review where id = 2");
    }

    private static async Task ExecuteAsync(DdlTarget target, string sql)
    {
        await using var command = target.Target.Coordinator.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
