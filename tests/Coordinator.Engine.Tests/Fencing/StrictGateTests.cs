using System.Diagnostics.CodeAnalysis;
using Coordinator.Domain.Migrations;
using Coordinator.Engine.Migrations;
using Coordinator.EventStore;
using Coordinator.Postgres.Fences;
using Npgsql;

namespace Coordinator.Engine.Tests.Fencing;

/// <summary>Strict mode of the gate: the target itself keeps old versions out, whatever their instances do.</summary>
public class StrictGateTests
{
    [Fact]
    public async Task An_instance_paused_across_its_lease_and_the_contract_can_not_write_when_it_wakes()
    {
        await using var shop = await StrictShop.CreateAsync();
        await shop.TargetRoles[0].OwnerSource.CreateCommand(
            $"grant select (comment), update (comment) on review to {shop.Roles[1]}").ExecuteNonQueryAsync();
        await shop.ReachGateAsync(shop.Rename());
        await using var paused = await shop.OpenAsync(1);
        await ExecuteAsync(paused, "begin; update review set comment = 'half done' where id = 1");

        // Nobody says good-bye, nobody vouches for its end: its lease lapses, and it holds a transaction.
        await shop.LapseAsync();
        await shop.WaitForStatusAsync(MigrationStatus.Completed);

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => ExecuteAsync(paused, "update review set comment = 'awake'; commit"));
        var refused = await Assert.ThrowsAsync<PostgresException>(() => shop.OpenAsync(1));
        Assert.Equal("28000", refused.SqlState);
        foreach (var privilege in new[] { "select", "insert", "update" })
        {
            Assert.False(await shop.Shards[0].ScalarAsync<bool>($"select has_any_column_privilege('{shop.Roles[1]}', 'review', '{privilege}')"));
        }

        Assert.Equal(0L, await shop.Shards[0].ScalarAsync<long>("select count(*) from review where message in ('half done', 'awake')"));
        await using var current = await shop.OpenAsync(2);
        await ExecuteAsync(current, "update review set message = 'new' where id = 1");
        var fenced = Assert.Single((await HistoryAsync(shop)).OfType<MigrationEvent.Fenced>());
        Assert.Equal(shop.Roles[1], fenced.Evidence!["fenced_roles"]);
    }

    [Fact]
    public async Task A_lapsed_instance_is_waited_for_until_it_was_seen_silent_for_the_grace()
    {
        await using var shop = await StrictShop.CreateAsync(grace: TimeSpan.FromHours(1));
        await shop.ReachGateAsync(shop.Drop());
        await shop.LapseAsync();
        var view = await shop.WaitForBlockerAsync("INSTANCE_SUSPECTED");
        Assert.Equal(GateStage.Draining, view.State.Gate);
        Assert.Contains("or wait", Assert.Single(view.State.Blockers).ClearedBy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_instance_of_a_version_without_a_role_is_never_left_to_the_fence()
    {
        await using var shop = await StrictShop.CreateAsync();
        await shop.Shards[0].ExecuteAsync($"create role {shop.Roles[0]} nologin");
        await shop.ReachGateAsync(
            shop.Drop().Replace("from: 2", "from: 20", StringComparison.Ordinal));
        await shop.HeartbeatAsync("old-9", 9);
        await shop.LapseAsync();
        await shop.WaitForAsync(
            view => view.State.Blockers is [{ Code: "INSTANCE_SUSPECTED", Subject: "shop-api/old-9" }], "only the other one blocks");
        await shop.LeaveAsync("old-9");
        await shop.WaitForStatusAsync(MigrationStatus.Completed);
        await shop.Shards[0].ExecuteAsync($"drop role {shop.Roles[0]}");
    }

    [Theory]
    [InlineData("grant update (comment) on review to public", "revoke update (comment) on review from public")]
    [InlineData("grant pg_write_all_data to {0}", "revoke pg_write_all_data from {0}")]
    [InlineData("alter role {0} superuser", "alter role {0} nosuperuser")]
    public async Task A_right_that_the_fence_can_not_take_keeps_the_gate_shut(string how, string undo)
    {
        await using var shop = await StrictShop.CreateAsync();
        await shop.ReachGateAsync(shop.Drop());
        await shop.Shards[0].ExecuteAsync(Format(how, shop));
        await shop.LeaveAsync("old-1");
        var view = await shop.WaitForAsync(
            v => v.State.Blockers.Any(b => b.Code is "FENCE_RIGHT_REMAINS" or "FENCE_RIGHTS_MISSING"), "the right is named");
        Assert.All(view.State.Blockers, blocker => Assert.Contains(shop.Roles[1], blocker.Subject, StringComparison.Ordinal));
        Assert.Equal(1L, await shop.ColumnsAsync("comment"));
        await shop.Shards[0].ExecuteAsync(Format(undo, shop));
        await shop.WaitForStatusAsync(MigrationStatus.Completed);
    }

    [Fact]
    public async Task A_prepared_transaction_of_an_old_version_is_waited_out_and_named()
    {
        await using var shop = await StrictShop.CreateAsync();
        await using (var old = await shop.OpenAsync(1))
        {
            await ExecuteAsync(old, "begin");
            await ExecuteAsync(old, "select 1");
            await ExecuteAsync(old, "prepare transaction 'strict-left-behind'");
        }

        await shop.ReachGateAsync(shop.Drop());
        await shop.LeaveAsync("old-1");
        var view = await shop.WaitForBlockerAsync("FENCE_PREPARED_TRANSACTION");
        Assert.Equal("s0/strict-left-behind", Assert.Single(view.State.Blockers).Subject);
        await shop.Shards[0].ExecuteAsync("rollback prepared 'strict-left-behind'");
        await shop.WaitForStatusAsync(MigrationStatus.Completed);
    }

    [Fact]
    public async Task A_fence_that_stands_on_the_first_of_two_shards_is_completed_by_the_next_replica()
    {
        await using var shop = await StrictShop.CreateAsync(shards: 2);
        await shop.ReachGateAsync(shop.Drop());
        await shop.Shards[1].ExecuteAsync("grant select on review to public");
        await shop.LeaveAsync("old-1");
        var view = await shop.WaitForAsync(
            v => v.State.Blockers.Any(b => b.Code == "FENCE_RIGHT_REMAINS" && b.Subject.StartsWith("s1/", StringComparison.Ordinal)),
            "a right remains on the second shard");
        Assert.False(view.State.IsFenced);
        Assert.Equal(1L, await shop.Shards[0].ScalarAsync<long>("select count(*) from coordinator.role_fence"));
        Assert.Equal((1L, 1L), (await shop.ColumnsAsync("comment"), await shop.ColumnsAsync("comment", 1)));

        await shop.ReplaceReplicaAsync();
        await shop.Shards[1].ExecuteAsync("revoke select on review from public");
        await shop.WaitForStatusAsync(MigrationStatus.Completed);
        Assert.Equal((0L, 0L), (await shop.ColumnsAsync("comment"), await shop.ColumnsAsync("comment", 1)));
    }

    [Fact]
    public async Task Rights_that_come_back_just_before_the_contract_are_found_inside_its_transaction()
    {
        await using var shop = await StrictShop.CreateAsync();
        await shop.ReachGateAsync(shop.Drop("{ fence_soak: 1h }"));
        await shop.LeaveAsync("old-1");
        await shop.WaitForAsync(view => view.State.IsFenced, "the fence stands");
        var (state, _) = await new MigrationStream(shop.Replica.Get<IEventStore>()).LoadAsync(StrictShop.Migration, CancellationToken.None);
        var guard = RoleFence.Guard(
            [shop.Roles[1]], Coordinator.Engine.Fencing.StrictRoles.Guarded(state.Plan!.Spec, rollback: false));

        await RunGuardAsync(shop, guard);
        await shop.Commands.PauseAsync(StrictShop.Migration, "so that nobody takes it again", StrictShop.Operator, CancellationToken.None);
        await shop.Shards[0].ExecuteAsync($"grant select on review to {shop.Roles[1]}");
        var refused = await Assert.ThrowsAsync<PostgresException>(() => RunGuardAsync(shop, guard));
        Assert.Equal("CO021", refused.SqlState);
    }

    [Fact]
    public async Task A_migration_whose_strict_mode_can_not_hold_does_not_start_and_says_why()
    {
        await using var shop = await StrictShop.CreateAsync();
        await shop.Shards[0].ExecuteAsync(
            $"grant select on review to public; revoke pg_signal_backend from {shop.TargetRoles[0].Coordinator}; alter role {shop.TargetRoles[0].Coordinator} nocreaterole");
        await shop.PlanAsync(shop.Drop());
        var refused = await Assert.ThrowsAsync<EngineException>(
            () => shop.Commands.StartAsync(StrictShop.Migration, StrictShop.Operator, CancellationToken.None));
        Assert.Equal("TARGET_NOT_READY", refused.Rejection.Code);
        Assert.Contains("through PUBLIC", refused.Rejection.Message, StringComparison.Ordinal);
        Assert.Contains("may not end the sessions", refused.Rejection.Message, StringComparison.Ordinal);
        Assert.Contains("may not alter role", refused.Rejection.Message, StringComparison.Ordinal);
    }

    private static async Task RunGuardAsync(StrictShop shop, Coordinator.Postgres.Ddl.DdlGuard guard)
    {
        await using var command = shop.TargetRoles[0].CoordinatorSource.CreateCommand(guard.Sql);
        foreach (var value in guard.Parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        await command.ExecuteNonQueryAsync();
    }

    private static async Task<IReadOnlyList<object>> HistoryAsync(StrictShop shop) =>
        [.. (await shop.Replica.Get<IEventStore>().Query.FetchStreamAsync($"migration-{StrictShop.Migration}")).Select(e => e.Data)];

    private static string Format(string sql, StrictShop shop) =>
        string.Format(System.Globalization.CultureInfo.InvariantCulture, sql, shop.Roles[1]);

    [SuppressMessage("Security", "CA2100", Justification = "The tests' own texts.")]
    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
