using System.Diagnostics.CodeAnalysis;
using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Fences;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Postgres.Tests.Fences;

public sealed class RoleFenceTests : IAsyncLifetime
{
    private static readonly GuardedRelation Comment = new(new TableName("public", "review"), "comment");

    private InstalledTarget? _target;
    private VersionRoleSet? _roles;

    private InstalledTarget Target => _target ?? throw new InvalidOperationException("Not initialised.");

    private VersionRoleSet Roles => _roles ?? throw new InvalidOperationException("Not initialised.");

    private string Old => Roles[1];

    public async Task InitializeAsync()
    {
        _target = await InstalledTarget.CreateAsync();
        _roles = await VersionRoleSet.CreateAsync(_target.Database, _target.Roles);
        await _target.ExecuteAsOwnerAsync("create table review (id int primary key, comment text, stars int); insert into review values (1, 'a', 3)");
        await _roles.GrantAsync(_target.Database, "review");
    }

    public async Task DisposeAsync()
    {
        await Target.DisposeAsync();
        await Roles.DisposeAsync();
    }

    [Fact]
    public async Task A_fenced_role_can_neither_log_in_nor_reach_the_column_and_its_sessions_end()
    {
        await using var session = await OpenAsync(Old);
        await RaiseAsync(1);
        var denied = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(session, "update review set comment = 'b'"));
        Assert.Equal("42501", denied.SqlState);

        await RoleFence.EndSessionsAsync(Target.Coordinator, "m", default);
        await Eventually.TrueAsync(
            async () => (await RoleFence.RemnantsAsync(Target.Coordinator, "m", default)).Count == 0, "the session ends");
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => ExecuteAsync(session, "select 1"));
        var refused = await Assert.ThrowsAsync<PostgresException>(() => OpenAsync(Old));
        Assert.Equal("28000", refused.SqlState);
        Assert.Empty(await PowersAsync());
        foreach (var privilege in new[] { "select", "insert", "update" })
        {
            Assert.False(await Target.Database.ScalarAsync<bool>($"select has_column_privilege('{Old}', 'review', 'comment', '{privilege}')"));
        }
    }

    [Fact]
    public async Task Lifting_gives_back_exactly_what_was_taken()
    {
        await Target.ExecuteAsOwnerAsync(
            $"""
            grant select (comment), update (stars) on review to {Old} with grant option;
            grant references on review to {Old};
            """);
        var before = await RightsAsync();
        await RaiseAsync(1);
        Assert.NotEqual(before, await RightsAsync());
        await RaiseAsync(2);
        await RoleFence.LiftAsync(Target.Coordinator, "m", 3, default);
        Assert.Equal(before, await RightsAsync());
        await using var session = await OpenAsync(Old);
        await ExecuteAsync(session, "update review set comment = 'b'");
        Assert.Equal(0L, await Target.Database.ScalarAsync<long>("select count(*) from coordinator.role_fence_grant"));
    }

    [Fact]
    public async Task A_role_that_could_not_log_in_before_can_not_after()
    {
        await Target.Database.ExecuteAsync($"alter role {Old} nologin");
        await RaiseAsync(1);
        await RoleFence.LiftAsync(Target.Coordinator, "m", 2, default);
        Assert.False(await Target.Database.ScalarAsync<bool>($"select rolcanlogin from pg_roles where rolname = '{Old}'"));
    }

    [Fact]
    public async Task What_somebody_gives_back_by_hand_is_taken_again_and_given_back_once()
    {
        var before = await RightsAsync();
        await RaiseAsync(1);
        await Target.Database.ExecuteAsync($"alter role {Old} login; grant select, insert, update, delete on review to {Old}");
        Assert.NotEmpty(await PowersAsync());
        await RaiseAsync(1);
        Assert.Empty(await PowersAsync());
        await RoleFence.LiftAsync(Target.Coordinator, "m", 2, default);
        Assert.Equal(before, await RightsAsync());
    }

    [Fact]
    public async Task An_order_older_than_the_last_one_is_refused_whichever_way_it_goes()
    {
        await RaiseAsync(5);
        await RoleFence.LiftAsync(Target.Coordinator, "m", 6, default);
        var late = await Assert.ThrowsAsync<PostgresException>(() => RaiseAsync(5));
        Assert.Equal(RoleFence.Superseded, late.SqlState);
        await using (await OpenAsync(Old))
        {
        }

        await RaiseAsync(7);
        late = await Assert.ThrowsAsync<PostgresException>(() => RoleFence.LiftAsync(Target.Coordinator, "m", 6, default));
        Assert.Equal(RoleFence.Superseded, late.SqlState);
        Assert.Empty(await PowersAsync());
    }

    [Fact]
    public async Task What_two_migrations_fence_comes_back_with_the_last_of_them()
    {
        var before = await RightsAsync();
        await RaiseAsync(1, "first");
        await RaiseAsync(1, "second");
        await RoleFence.LiftAsync(Target.Coordinator, "first", 2, default);
        Assert.Empty(await PowersAsync());
        await RoleFence.LiftAsync(Target.Coordinator, "second", 2, default);
        Assert.Equal(before, await RightsAsync());
    }

    [Fact]
    public async Task What_a_contract_closed_for_good_another_migration_does_not_open()
    {
        await RaiseAsync(1, "undone");
        await RaiseAsync(1, "completed");
        await RoleFence.KeepAsync(Target.Coordinator, "completed", default);
        await RoleFence.LiftAsync(Target.Coordinator, "undone", 2, default);
        Assert.Empty(await PowersAsync());
    }

    [Fact]
    public async Task A_role_that_was_closed_for_good_and_given_to_another_version_is_fenced_as_any_other()
    {
        await RaiseAsync(1, "completed");
        await RoleFence.KeepAsync(Target.Coordinator, "completed", default);
        await Target.Database.ExecuteAsync($"alter role {Old} login; set role {Target.Roles.Owner}; grant select on review to {Old}; reset role");
        var before = await RightsAsync();
        await RaiseAsync(1);
        await RoleFence.LiftAsync(Target.Coordinator, "m", 2, default);
        Assert.Equal(before, await RightsAsync());
    }

    [Fact]
    public async Task Rights_on_columns_and_tables_that_are_gone_are_not_missed()
    {
        await Target.ExecuteAsOwnerAsync($"grant select (comment) on review to {Old}");
        await RaiseAsync(1);
        await Target.ExecuteAsOwnerAsync("alter table review drop column comment");
        await RoleFence.LiftAsync(Target.Coordinator, "m", 2, default);
        await using var session = await OpenAsync(Old);
        await ExecuteAsync(session, "update review set stars = 1");
    }

    [Fact]
    public async Task Partitions_are_fenced_too()
    {
        await Target.ExecuteAsOwnerAsync(
            """
            create table event (id int, note text) partition by range (id);
            create table event_1 partition of event for values from (1) to (10);
            """);
        await Roles.GrantAsync(Target.Database, "event");
        await Roles.GrantAsync(Target.Database, "event_1");
        GuardedRelation[] guarded = [new(new TableName("public", "event"), "note")];
        await RoleFence.RaiseAsync(Target.Coordinator, "m", 1, Old, guarded, default);
        Assert.False(await Target.Database.ScalarAsync<bool>($"select has_column_privilege('{Old}', 'event_1', 'note', 'select')"));
        Assert.Empty(await RoleFence.PowersAsync(Target.Coordinator, [Old], guarded, default));
    }

    [Theory]
    [InlineData("grant select on review to public", RolePowerKind.Public)]
    [InlineData("grant update (comment) on review to public", RolePowerKind.Public)]
    [InlineData("create role {0}_group; grant insert on review to {0}_group; grant {0}_group to {0}", RolePowerKind.Group)]
    [InlineData("create role {0}_group; grant insert on review to {0}_group; alter role {0} noinherit; grant {0}_group to {0}", RolePowerKind.Group)]
    [InlineData("grant pg_read_all_data to {0}", RolePowerKind.Privilege)]
    [InlineData("alter role {0} superuser", RolePowerKind.Superuser)]
    [InlineData("create role {0}_group superuser; grant {0}_group to {0}", RolePowerKind.Superuser)]
    [InlineData("alter table review owner to {0}", RolePowerKind.Owner)]
    [InlineData("create role {0}_group; grant {0}_group to {0}; alter table review owner to {0}_group", RolePowerKind.Owner)]
    [InlineData(
        "create role {0}_group; grant select on review to {0}_group with grant option; set role {0}_group; grant select on review to {0}; reset role",
        RolePowerKind.Grant)]
    public async Task A_right_that_a_revoke_does_not_reach_is_named(string how, RolePowerKind kind)
    {
        await Target.Database.ExecuteAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, how, Old));
        try
        {
            await RoleFence.RaiseAsync(Target.Coordinator, "m", 1, Old, [Comment], default);
        }
        catch (PostgresException refused) when (refused.SqlState == "42501")
        {
            // A superuser is not Coordinator's to alter.
        }

        Assert.Contains(await PowersAsync(), power => power.Kind == kind && power.Role == Old);
        await Target.Database.ExecuteAsync($"alter table review owner to {Target.Roles.Owner}; drop owned by {Old}");
        if (how.Contains("_group", StringComparison.Ordinal))
        {
            await Target.Database.ExecuteAsync($"drop owned by {Old}_group; drop role {Old}_group");
        }
    }

    [Fact]
    public async Task A_role_that_granted_its_rights_on_is_left_alone()
    {
        await Target.Database.ExecuteAsync(
            $"grant select on review to {Old} with grant option; set role {Old}; grant select on review to {Roles[2]}; reset role");
        var refused = await Assert.ThrowsAsync<PostgresException>(() => RaiseAsync(1));
        Assert.Equal("2BP01", refused.SqlState);
        Assert.True(await Target.Database.ScalarAsync<bool>($"select rolcanlogin from pg_roles where rolname = '{Old}'"));
    }

    [Fact]
    public async Task Prepared_and_older_transactions_are_named()
    {
        await Target.Database.ExecuteAsync($"grant {Old} to {Target.Roles.Application}");
        await using var member = await Target.Application.OpenConnectionAsync();
        await ExecuteAsync(member, "begin; select 1");
        await using (var session = await OpenAsync(Old))
        {
            await ExecuteAsync(session, "begin; update review set comment = 'c'; prepare transaction 'left-behind'");
        }

        await RaiseAsync(1);
        await Eventually.TrueAsync(
            async () =>
            {
                await RoleFence.EndSessionsAsync(Target.Coordinator, "m", default);
                return !(await RoleFence.RemnantsAsync(Target.Coordinator, "m", default)).Any(remnant => remnant.Kind == FenceRemnantKind.Session);
            },
            "sessions end");
        var left = await RoleFence.RemnantsAsync(Target.Coordinator, "m", default);
        Assert.Equal(
            [(FenceRemnantKind.OlderTransaction, ""), (FenceRemnantKind.PreparedTransaction, "left-behind")],
            left.Select(remnant => (remnant.Kind, remnant.Name)));
        await ExecuteAsync(member, "rollback");
        await Target.Database.ExecuteAsync("rollback prepared 'left-behind'");
        Assert.Empty(await RoleFence.RemnantsAsync(Target.Coordinator, "m", default));
    }

    private Task RaiseAsync(long generation, string migration = "m") =>
        RoleFence.RaiseAsync(Target.Coordinator, migration, generation, Old, [Comment], default);

    private Task<IReadOnlyList<RolePower>> PowersAsync() => RoleFence.PowersAsync(Target.Coordinator, [Old], [Comment], default);

    // The order of an ACL's items says nothing.
    private Task<string> RightsAsync() => Target.Database.ScalarAsync<string>(
        $"""
        select r.rolcanlogin || ' ' || string_agg(concat_ws(' ', g.attnum, g.privilege_type, g.is_grantable, g.grantor), ', ' order by g.attnum, g.privilege_type)
          from pg_roles r,
               lateral (select 0 as attnum, a.* from pg_class c, aclexplode(c.relacl) a where c.oid = 'review'::regclass
                        union all
                        select t.attnum, a.* from pg_attribute t, aclexplode(t.attacl) a where t.attrelid = 'review'::regclass) g
         where r.rolname = '{Old}' and g.grantee in (r.oid, (select oid from pg_roles where rolname = '{Roles[2]}'))
         group by r.rolcanlogin
        """);

    private async Task<NpgsqlConnection> OpenAsync(string role)
    {
        var connection = new NpgsqlConnection(Target.Database.ConnectionStringFor(role) + ";Pooling=false");
        try
        {
            await connection.OpenAsync();
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    [SuppressMessage("Security", "CA2100", Justification = "The tests' own texts.")]
    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
