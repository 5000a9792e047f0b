using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Ddl;
using Coordinator.Postgres.Health;
using Coordinator.Postgres.Identity;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Postgres.Tests.Roles;

/// <summary>What each of the four roles can do, and what it can't. None is a superuser.</summary>
public sealed class LeastPrivilegeTests : IAsyncLifetime
{
    private static readonly TableName Review = new("public", "review");

    private InstalledTarget? _target;

    private InstalledTarget Target => _target ?? throw new InvalidOperationException("Not initialised.");

    public async Task InitializeAsync()
    {
        _target = await InstalledTarget.CreateAsync();
        await _target.ExecuteAsOwnerAsync(
            """
            create table public.review (id int primary key, comment text);
            insert into public.review values (1, 'good');
            """);
    }

    public async Task DisposeAsync() => await Target.DisposeAsync();

    [Fact]
    public async Task No_role_is_a_superuser_or_may_create_roles_and_databases() => Assert.Equal(
        0L,
        await Target.Database.ScalarAsync<long>(
            $"""
            select count(*) from pg_roles
            where starts_with(rolname, '{Target.Database.Name}') and (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls)
            """));

    [Fact]
    public async Task Coordinators_role_can_do_all_of_a_migration()
    {
        var source = Target.Coordinator;
        var runner = new DdlRunner(TimeProvider.System);
        var budget = new DdlBudget();
        DdlStep Step(string id, params string[] statements) =>
            new() { Migration = "m", Step = id, Statements = statements, LockTable = Review };

        await runner.RunAsync(source, Step("add", "alter table public.review add column message text"), budget, null, default);
        await runner.RunAsync(
            source,
            Step(
                "trigger",
                "create function coordinator.sync() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin new.message := new.comment; return new; end $$",
                "create trigger sync before insert or update on public.review for each row execute function coordinator.sync()"),
            budget,
            null,
            default);
        await runner.RunAsync(
            source, Step("check", "alter table public.review add constraint given check (message is not null) not valid"), budget, null, default);
        await ExecuteAsync(Target.Application, "update public.review set comment = 'better'");
        await new ConstraintValidator(TimeProvider.System).RunAsync(
            source, new(Review, "given", "alter table public.review validate constraint given"), budget, null, default);
        await new ConcurrentIndexRunner(TimeProvider.System).CreateAsync(
            source, new(Review, "i", "create index concurrently i on public.review (message)"), budget, null, default);
        await runner.RunAsync(
            source,
            Step(
                "contract",
                "drop trigger sync on public.review",
                "drop function coordinator.sync()",
                "alter table public.review drop column comment",
                "comment on column public.review.message is 'the text'",
                $"grant select (message) on public.review to {Target.Roles.Application}"),
            budget,
            null,
            default);

        Assert.Equal("better", await Target.Database.ScalarAsync<string>("select message from public.review"));
        Assert.NotEqual(0, (await TargetIdentity.ReadAsync(source, default)).SystemIdentifier);
        Assert.True((await SessionWitness.ReadAsync(source, [], [Review], default)).CanSee);
    }

    [Theory]
    [InlineData("alter table public.review add column x int")]
    [InlineData("create index on public.review (comment)")]
    [InlineData("drop table public.review")]
    [InlineData("create table public.mine (id int)")]
    [InlineData("create schema mine")]
    [InlineData("create table coordinator.mine (id int)")]
    [InlineData("create function coordinator.mine() returns int language sql as 'select 1'")]
    [InlineData("create trigger t before update on public.review for each row execute function suppress_redundant_updates_trigger()")]
    public async Task Workers_and_applications_have_no_ddl_rights(string statement)
    {
        await DeniedAsync(Target.Worker, statement);
        await DeniedAsync(Target.Application, statement);
    }

    [Fact]
    public async Task No_table_of_coordinators_can_be_written_directly_and_only_admission_can_be_read()
    {
        var tables = await Target.Database.ScalarAsync<string[]>(
            "select array_agg(relname::text) from pg_class where relnamespace = 'coordinator'::regnamespace and relkind in ('r', 'p', 'v')");
        Assert.Contains("applied_step", tables);
        Assert.Contains("ledger", tables);
        foreach (var role in (NpgsqlDataSource[])[Target.Worker, Target.Application])
        {
            foreach (var table in tables)
            {
                await DeniedAsync(role, $"delete from coordinator.{table}");
                await DeniedAsync(role, $"insert into coordinator.{table} default values");
                await DeniedAsync(role, $"truncate coordinator.{table}");
                if (table != "admission")
                {
                    await DeniedAsync(role, $"select from coordinator.{table}");
                }
            }

            await DeniedAsync(role, "update coordinator.admission set min_version = 0");
            await ExecuteAsync(role, "select application, min_version, max_version from coordinator.admission");
        }
    }

    [Fact]
    public async Task The_batch_protocol_is_open_to_the_worker_and_to_nobody_else()
    {
        Assert.Equal(
            [
                "apply_batch", "apply_key_batch", "bisect_batch", "bisect_key_batch", "check_fence", "claim_batch", "enter_fence",
                "finish_batch", "is_data_error", "key_bounds", "key_condition", "key_of_row", "quarantine_row", "raise_batch", "read_batch",
            ],
            await ExecutableAsync(Target.Roles.Worker));
        Assert.Empty(await ExecutableAsync(Target.Roles.Application));
        Assert.Empty(await ExecutableAsync("public"));
        await DeniedAsync(Target.Worker, "select coordinator.run_statement('select 1')");
        await DeniedAsync(Target.Application, "select coordinator.enter_fence('m')");
    }

    [Fact]
    public async Task A_worker_cannot_lock_a_table_against_its_users()
    {
        await DeniedAsync(Target.Application, "do $$ begin lock table coordinator.admission in access exclusive mode; end $$");
        await DeniedAsync(Target.Worker, "do $$ begin lock table coordinator.applied_step in access share mode; end $$");
    }

    private async Task<string[]> ExecutableAsync(string role) => await Target.Database.ScalarAsync<string[]>(
        $"""
        select coalesce(array_agg(proname::text order by proname), '{"{}"}') from pg_proc
        where pronamespace = 'coordinator'::regnamespace and has_function_privilege('{role}', oid, 'execute')
        """);

    private static async Task DeniedAsync(NpgsqlDataSource role, string statement)
    {
        var error = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(role, statement));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, error.SqlState);
    }

    private static async Task ExecuteAsync(NpgsqlDataSource role, string statement)
    {
        await using var connection = await role.OpenConnectionAsync();
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(statement));
        await batch.ExecuteNonQueryAsync();
    }
}
