using Coordinator.Domain.Applications;
using Coordinator.Domain.Gates;
using Coordinator.Domain.Migrations;
using Coordinator.Domain.Plans;
using Coordinator.Engine.Fencing;
using Coordinator.Engine.Targets;
using Coordinator.Engine.Tests.Driving;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Engine.Tests.Fencing;

/// <summary>Cooperative mode's <c>lapsed: witness_after</c>: silence alone is not enough, and nothing at all is without being asked for.</summary>
public sealed class LapsedInstancesTests
{
    private static readonly TimeSpan After = TimeSpan.FromMinutes(15);

    private static readonly IReadOnlyList<InstanceFact> Lapsed =
        [new InstanceFact("shop-api", "old-1", 1, InstanceCondition.Suspected, TimeSpan.FromHours(1))];

    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task An_instance_is_taken_for_gone_when_neither_it_nor_a_session_was_seen_for_so_long()
    {
        await using var shop = await PlannedAsync(Trusting);
        var lapsed = new LapsedInstances(_time, TimeSpan.Zero);

        Assert.Empty(await LookAsync(shop, lapsed));
        _time.Advance(After - TimeSpan.FromSeconds(1));
        Assert.Empty(await LookAsync(shop, lapsed));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(Lapsed, await LookAsync(shop, lapsed));
    }

    [Fact]
    public async Task Before_a_rollback_a_new_version_is_not_taken_for_gone_by_silence()
    {
        await using var shop = await PlannedAsync(Trusting);
        var lapsed = new LapsedInstances(_time, TimeSpan.Zero);
        InstanceFact[] fresh = [Lapsed[0] with { Instance = "new-1", Version = 2 }];

        await LookAsync(shop, lapsed, rollback: true, fresh);
        _time.Advance(After);
        Assert.Empty(await LookAsync(shop, lapsed, rollback: true, fresh));
    }

    [Theory]
    [InlineData("shop-api@1", true)]
    [InlineData("something", true)]
    [InlineData("shop-api@2", false)]
    public async Task A_session_that_may_be_its_own_begins_the_silence_anew(string label, bool mayBe)
    {
        await using var shop = await PlannedAsync(Trusting);
        var lapsed = new LapsedInstances(_time, TimeSpan.Zero);
        await LookAsync(shop, lapsed);
        _time.Advance(After);
        await using (var session = new NpgsqlConnection(
            shop.Target.ConnectionStringFor(shop.Roles.Application, label) + ";Pooling=false"))
        {
            await session.OpenAsync();
            Assert.Equal(mayBe ? 0 : 1, (await LookAsync(shop, lapsed)).Count);
        }

        await Eventually.TrueAsync(
            () => shop.Target.ScalarAsync<bool>($"select not exists (select from pg_stat_activity where usename = '{shop.Roles.Application}')"),
            "the session is gone");
        Assert.Equal(mayBe ? 0 : 1, (await LookAsync(shop, lapsed)).Count);
        _time.Advance(After);
        Assert.Single(await LookAsync(shop, lapsed));
    }

    [Fact]
    public async Task An_instance_that_was_heard_again_starts_afresh()
    {
        await using var shop = await PlannedAsync(Trusting);
        var lapsed = new LapsedInstances(_time, TimeSpan.Zero);
        await LookAsync(shop, lapsed);
        _time.Advance(After);
        await LookAsync(shop, lapsed, instances: [Lapsed[0] with { Condition = InstanceCondition.Live }]);

        Assert.Empty(await LookAsync(shop, lapsed));
    }

    [Fact]
    public async Task Without_being_asked_for_it_never_happens()
    {
        await using var shop = await PlannedAsync(ShopScenario.Rename);
        var lapsed = new LapsedInstances(_time, TimeSpan.Zero);
        await LookAsync(shop, lapsed);
        _time.Advance(TimeSpan.FromDays(100));

        Assert.Empty(await LookAsync(shop, lapsed));
    }

    [Fact]
    public async Task The_gate_goes_on_without_a_crashed_instance_when_the_specification_says_so()
    {
        var time = new LeapingTime();
        await using var shop = await ShopScenario.CreateAsync(time: time);
        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.HeartbeatAsync("old-1", 1);
        await shop.PlanAsync(Trusting);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await using var worker = shop.StartWorker();
        await shop.WaitForAsync(view => view.State.Gate == GateStage.Draining, "the gate is reached");
        await shop.Coordination.ExecuteAsync("update coordinator.instance set expires_at = now() - interval '1 hour'");
        var waiting = await shop.WaitForAsync(
            view => view.State.Blockers is [{ Code: "INSTANCE_SUSPECTED" }], "the crashed instance is named");
        Assert.Contains("taken for gone once nobody saw it for 15 min", waiting.State.Blockers[0].ClearedBy, StringComparison.Ordinal);

        time.Leap(After);

        await shop.WaitForStatusAsync(MigrationStatus.Completed);
    }

    private static string Trusting { get; } =
        ShopScenario.Rename.Replace("free_of_old_from: 2 }", "free_of_old_from: 2, lapsed: witness_after 15m }", StringComparison.Ordinal);

    private static async Task<ShopScenario> PlannedAsync(string yaml)
    {
        var shop = await ShopScenario.CreateAsync(rows: 1, drive: false);
        await shop.PlanAsync(yaml);
        return shop;
    }

    private static async Task<IReadOnlyCollection<InstanceFact>> LookAsync(
        ShopScenario shop, LapsedInstances lapsed, bool rollback = false, IReadOnlyList<InstanceFact>? instances = null)
    {
        MigrationPlan plan = (await shop.ViewAsync()).State.Plan!;
        return await lapsed.LookAsync(
            plan, instances ?? Lapsed, shop.Replica.Get<TargetRegistry>().Get("shop"), rollback, CancellationToken.None);
    }

    /// <summary>The system's clock, ahead by as much as the test says.</summary>
    private sealed class LeapingTime : TimeProvider
    {
        private long _ahead;

        public void Leap(TimeSpan by) => Interlocked.Add(ref _ahead, (long)(by.TotalSeconds * TimestampFrequency));

        public override long GetTimestamp() => base.GetTimestamp() + Interlocked.Read(ref _ahead);
    }
}
