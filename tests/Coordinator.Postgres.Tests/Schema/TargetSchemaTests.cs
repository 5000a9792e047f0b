using Coordinator.Postgres.Schema;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Postgres.Tests.Schema;

public sealed class TargetSchemaTests : IAsyncLifetime
{
    private TestDatabase? _database;
    private TargetRoles? _roles;

    private TestDatabase Database => _database ?? throw new InvalidOperationException("Not initialised.");

    private TargetRoles Roles => _roles ?? throw new InvalidOperationException("Not initialised.");

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync();
        _roles = await TargetRoles.CreateAsync(_database);
    }

    public async Task DisposeAsync() => await Roles.DisposeAsync();

    [Fact]
    public async Task It_is_installed_once_and_owned_by_coordinators_role()
    {
        Assert.Equal(0, await TargetSchema.ReadVersionAsync(Roles.CoordinatorSource, default));

        await InstallAsync();
        await InstallAsync();

        Assert.Equal(TargetSchema.LatestVersion, await TargetSchema.ReadVersionAsync(Roles.CoordinatorSource, default));
        Assert.Equal((long)TargetSchema.LatestVersion, await Database.ScalarAsync<long>("select count(*) from coordinator.target_schema_version"));
        Assert.Equal(
            Roles.Coordinator,
            await Database.ScalarAsync<string>("select pg_get_userbyid(nspowner)::text from pg_namespace where nspname = 'coordinator'"));
    }

    [Fact]
    public async Task Several_replicas_can_install_it_at_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => InstallAsync()));

        Assert.Equal(TargetSchema.LatestVersion, await TargetSchema.ReadVersionAsync(Roles.CoordinatorSource, default));
    }

    [Fact]
    public async Task A_schema_made_beforehand_is_used_by_a_role_that_cannot_create_one()
    {
        await Database.ExecuteAsync(
            $"revoke create on database {Database.Name} from {Roles.Coordinator}; create schema coordinator authorization {Roles.Coordinator}");

        await InstallAsync();

        Assert.Equal(TargetSchema.LatestVersion, await TargetSchema.ReadVersionAsync(Roles.CoordinatorSource, default));
    }

    [Fact]
    public async Task A_later_install_lets_another_worker_role_in()
    {
        await InstallAsync();

        await TargetSchema.InstallAsync(Roles.CoordinatorSource, [Roles.Application], default);

        Assert.True(await Database.ScalarAsync<bool>(
            $"select has_function_privilege('{Roles.Application}', 'coordinator.enter_fence(text)', 'execute')"));
    }

    [Fact]
    public async Task A_missing_right_is_an_error_and_leaves_nothing()
    {
        await Database.ExecuteAsync($"revoke create on database {Database.Name} from {Roles.Coordinator}");

        var error = await Assert.ThrowsAsync<PostgresException>(InstallAsync);

        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, error.SqlState);
        Assert.False(await Database.ScalarAsync<bool>("select to_regnamespace('coordinator') is not null"));
    }

    [Fact]
    public async Task Every_function_runs_with_a_search_path_of_its_own_but_those_that_run_others_statements()
    {
        await InstallAsync();

        var without = await Database.ScalarAsync<string[]>(
            """
            select coalesce(array_agg(proname::text order by proname), '{}') from pg_proc
            where pronamespace = 'coordinator'::regnamespace
              and not coalesce(proconfig, '{}') @> array['search_path=pg_catalog, pg_temp']
            """);
        var definer = await Database.ScalarAsync<string[]>(
            """
            select coalesce(array_agg(proname::text order by proname), '{}') from pg_proc
            where pronamespace = 'coordinator'::regnamespace and prosecdef
              and not coalesce(proconfig, '{}') @> array['search_path=pg_catalog, pg_temp']
            """);

        Assert.Subset(
            new HashSet<string>
            {
                "apply_batch", "apply_row", "bisect_batch", "run_statement", "apply_key_batch", "apply_key_row", "bisect_key_batch", "time_commit",
            },
            without.ToHashSet());
        Assert.Empty(definer);
    }

    [Fact]
    public async Task Require_raises_unless_the_condition_is_true()
    {
        await InstallAsync();

        await Database.ExecuteAsync("select coordinator.require(true, 'CO001', 'fine')");
        foreach (var condition in (string[])["false", "null"])
        {
            var error = await Assert.ThrowsAsync<PostgresException>(
                () => Database.ExecuteAsync($"select coordinator.require({condition}, 'CO001', 'not so')"));
            Assert.Equal(("CO001", "not so"), (error.SqlState, error.MessageText));
        }
    }

    private Task InstallAsync() => TargetSchema.InstallAsync(Roles.CoordinatorSource, [Roles.Worker], CancellationToken.None);
}
