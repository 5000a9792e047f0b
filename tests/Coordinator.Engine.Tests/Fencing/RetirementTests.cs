using Coordinator.Domain.Migrations;
using Coordinator.Engine.Driving;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Readiness;
using Coordinator.Engine.Targets;
using Coordinator.EventStore;
using Npgsql;

namespace Coordinator.Engine.Tests.Fencing;

/// <summary>Retiring by a person's word, taking a retirement back, and the rollback behind a fence.</summary>
public class RetirementTests
{
    [Fact]
    public async Task Un_retire_gives_back_exactly_what_the_fence_took_and_the_gate_waits_for_a_person()
    {
        await using var shop = await StrictShop.CreateAsync(shards: 2);
        var before = (await shop.RightsAsync(1), await shop.RightsAsync(1, 1));
        await shop.ReachGateAsync(shop.Drop("{ fence_soak: 1h }"));
        await shop.LeaveAsync("old-1");
        await shop.WaitForAsync(view => view.State.IsFenced, "the fence stands");
        await Assert.ThrowsAsync<PostgresException>(() => shop.OpenAsync(1));
        var verdict = await shop.Replica.Get<ReadinessQueries>().RollBackAsync("shop-api", 1, CancellationToken.None);
        Assert.Contains("un-retire drop-comment", Assert.Single(verdict.Blockers).ClearedBy, StringComparison.Ordinal);

        var context = new RequestContext("ben", Guid.NewGuid());
        var revision = await shop.Retirements.UnRetireAsync(StrictShop.Migration, "a report needs it", context, CancellationToken.None);
        Assert.Equal(before, (await shop.RightsAsync(1), await shop.RightsAsync(1, 1)));
        await using (var back = await shop.OpenAsync(1, 1))
        {
            await using var write = new NpgsqlCommand("update review set comment = 'works' where id = 1", back);
            await write.ExecuteNonQueryAsync();
        }

        await shop.HeartbeatAsync("old-2", 1);
        await shop.LeaveAsync("old-2");
        var view = await shop.WaitForBlockerAsync("RETIREMENT_ENDED");
        Assert.False(view.State.IsFenced);
        Assert.False(view.State.LiftOwed);
        Assert.Equal(
            Verdict.Blocked,
            (await shop.Replica.Get<ReadinessQueries>().MilestoneAsync(StrictShop.Migration, Milestone.Completed, CancellationToken.None)).Verdict);
        Assert.Equal(revision, await shop.Retirements.UnRetireAsync(StrictShop.Migration, "a report needs it", context, CancellationToken.None));

        await shop.Retirements.RetireAsync(StrictShop.Migration, "the report is gone", StrictShop.Operator, CancellationToken.None);
        await shop.WaitForAsync(v => v.State.IsFenced, "the fence stands again");
        await Assert.ThrowsAsync<PostgresException>(() => shop.OpenAsync(1, 1));
    }

    [Fact]
    public async Task A_fence_of_which_half_stands_is_taken_back_whole()
    {
        await using var shop = await StrictShop.CreateAsync(shards: 2);
        var before = (await shop.RightsAsync(1), await shop.RightsAsync(1, 1));
        await shop.ReachGateAsync(shop.Drop());
        await shop.Shards[1].ExecuteAsync("grant select on review to public");
        await shop.LeaveAsync("old-1");
        await shop.WaitForBlockerAsync("FENCE_RIGHT_REMAINS");
        await shop.Retirements.UnRetireAsync(StrictShop.Migration, "stop", StrictShop.Operator, CancellationToken.None);
        Assert.Equal(before, (await shop.RightsAsync(1), await shop.RightsAsync(1, 1)));
        Assert.Equal(0L, await shop.Shards[1].ScalarAsync<long>("select count(*) from coordinator.role_fence"));
    }

    [Fact]
    public async Task What_a_dead_coordinator_owed_is_lifted_by_the_next_one_also_while_paused()
    {
        await using var shop = await StrictShop.CreateAsync();
        var before = await shop.RightsAsync(1);
        await shop.ReachGateAsync(shop.Drop("{ fence_soak: 1h }"));
        await shop.LeaveAsync("old-1");
        await shop.WaitForAsync(view => view.State.IsFenced, "the fence stands");
        await shop.Commands.PauseAsync(StrictShop.Migration, "a look", StrictShop.Operator, CancellationToken.None);
        // Only what the command records, as if its caller had died before the target was told.
        await new MigrationStream(shop.Replica.Get<IEventStore>()).ExecuteAsync(
            StrictShop.Migration, new MigrationCommand.EndRetirement("ben", "x"), StrictShop.Operator, null, CancellationToken.None);
        await shop.ReplaceReplicaAsync();
        await shop.WaitForAsync(view => !view.State.LiftOwed && !view.State.IsFenced, "the fence is lifted");
        Assert.Equal(before, await shop.RightsAsync(1));
    }

    /// <summary>A command and a driver lift the same fence at once, and the other one has loaded a later version.</summary>
    [Theory]
    [InlineData(0, true)]
    [InlineData(1000, false)]
    public async Task A_lift_that_another_one_has_overtaken_is_ordered_again_with_what_is_known_now(long ahead, bool lifts)
    {
        await using var shop = await StrictShop.CreateAsync(shards: 2);
        var before = (await shop.RightsAsync(1), await shop.RightsAsync(1, 1));
        await shop.ReachGateAsync(shop.Drop("{ fence_soak: 1h }"));
        await shop.LeaveAsync("old-1");
        await shop.WaitForAsync(view => view.State.IsFenced, "the fence stands");
        await shop.ReplaceReplicaAsync(drive: false);
        var stream = new MigrationStream(shop.Replica.Get<IEventStore>());
        await stream.ExecuteAsync(
            StrictShop.Migration, new MigrationCommand.EndRetirement("ben", "x"), StrictShop.Operator, null, CancellationToken.None);
        var (state, version) = await stream.LoadAsync(StrictShop.Migration, CancellationToken.None);
        await shop.Shards[1].ExecuteAsync($"update coordinator.role_fence_order set generation = {version + ahead}");
        var target = shop.Replica.Get<TargetRegistry>().Get("shop");

        var overtaken = () => FenceLift.PayAsync(stream, target, state, version - 1, CancellationToken.None);

        if (!lifts)
        {
            // Then the coordination database was restored from a backup, say, and somebody has to look.
            Assert.Equal("CO020", (await Assert.ThrowsAsync<PostgresException>(overtaken)).SqlState);
            return;
        }

        await overtaken();
        Assert.False((await stream.LoadAsync(StrictShop.Migration, CancellationToken.None)).State.LiftOwed);
        Assert.Equal(before, (await shop.RightsAsync(1), await shop.RightsAsync(1, 1)));
    }

    [Fact]
    public async Task Retired_by_a_person_old_versions_can_not_start_and_the_gate_still_waits_for_those_that_run()
    {
        await using var shop = await StrictShop.CreateAsync();
        await shop.ReachGateAsync(shop.Drop());
        var context = new RequestContext("ann", Guid.NewGuid());
        var revision = await shop.Retirements.RetireAsync(StrictShop.Migration, "stragglers", context, CancellationToken.None);
        Assert.Equal(revision, await shop.Retirements.RetireAsync(StrictShop.Migration, "stragglers", context, CancellationToken.None));
        var refused = await Assert.ThrowsAsync<EngineException>(() => shop.HeartbeatAsync("old-2", 1));
        Assert.Equal("VERSION_RETIRED", refused.Rejection.Code);
        var view = await shop.WaitForBlockerAsync("INSTANCE_ALIVE");
        Assert.Equal(GateStage.Draining, view.State.Gate);
        Assert.Equal(1L, await shop.ColumnsAsync("comment"));

        await shop.Retirements.UnRetireAsync(StrictShop.Migration, "not yet", StrictShop.Operator, CancellationToken.None);
        await shop.HeartbeatAsync("old-2", 1);
        await shop.Retirements.RetireAsync(StrictShop.Migration, "now", StrictShop.Operator, CancellationToken.None);
        await shop.LeaveAsync("old-1");
        await shop.LeaveAsync("old-2");
        await shop.WaitForStatusAsync(MigrationStatus.Completed);
        var late = await Assert.ThrowsAsync<EngineException>(
            () => shop.Retirements.UnRetireAsync(StrictShop.Migration, "too late", StrictShop.Operator, CancellationToken.None));
        Assert.Equal("UN_RETIRE_TOO_LATE", late.Rejection.Code);
    }

    [Fact]
    public async Task A_rollback_closes_the_new_versions_role_until_the_new_structure_is_gone()
    {
        await using var shop = await StrictShop.CreateAsync();
        var before = await shop.RightsAsync(2);
        await shop.ReachGateAsync(shop.Drop());
        await shop.HeartbeatAsync("new-1", 2);
        await using var paused = await shop.OpenAsync(2);
        await shop.Shards[0].ExecuteAsync("grant select on review to public");
        await shop.Commands.RollBackAsync(StrictShop.Migration, StrictShop.Operator, CancellationToken.None);
        await shop.WaitForBlockerAsync("INSTANCE_ALIVE");
        await shop.LapseAsync();
        await shop.WaitForBlockerAsync("FENCE_RIGHT_REMAINS");
        await Assert.ThrowsAsync<PostgresException>(() => shop.OpenAsync(2));
        Assert.Equal(1L, await shop.ColumnsAsync("message"));

        await shop.Shards[0].ExecuteAsync("revoke select on review from public");
        await shop.WaitForStatusAsync(MigrationStatus.RolledBack);
        Assert.Equal(0L, await shop.ColumnsAsync("message"));
        Assert.Equal(before, await shop.RightsAsync(2));
        await using var write = new NpgsqlCommand("update review set comment = 'x'", paused);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => write.ExecuteNonQueryAsync());
    }

    [Fact]
    public async Task A_rollback_lets_the_old_versions_role_in_again()
    {
        await using var shop = await StrictShop.CreateAsync();
        var before = await shop.RightsAsync(1);
        await shop.ReachGateAsync(shop.Drop("{ fence_soak: 1h }"));
        await shop.LeaveAsync("old-1");
        await shop.WaitForAsync(view => view.State.IsFenced, "the fence stands");
        await shop.Commands.RollBackAsync(StrictShop.Migration, StrictShop.Operator, CancellationToken.None);
        Assert.Equal(before, await shop.RightsAsync(1));
        await shop.HeartbeatAsync("old-2", 1);
        await shop.WaitForStatusAsync(MigrationStatus.RolledBack);
        Assert.Equal(before, await shop.RightsAsync(1));
    }
}
