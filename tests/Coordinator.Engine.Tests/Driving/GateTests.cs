using Coordinator.Domain.Applications;
using Coordinator.Domain.Migrations;
using Npgsql;

namespace Coordinator.Engine.Tests.Driving;

public class GateTests
{
    [Fact]
    public async Task An_instance_whose_lease_lapsed_keeps_the_gate_shut_until_somebody_vouches_for_its_end()
    {
        await using var shop = await AtTheGateAsync(ExpectedPopulation.None);
        await shop.Coordination.ExecuteAsync("update coordinator.instance set expires_at = now() - interval '1 hour'");
        await shop.WaitForAsync(
            view => view.State.Blockers.Any(blocker => blocker is { Code: "INSTANCE_SUSPECTED", Subject: "shop-api/old-1" }),
            "the paused instance is named");

        await shop.Instances.AttestGoneAsync(
            "shop-api", "old-1", "the node was destroyed", ShopScenario.Operator, CancellationToken.None);
        await shop.WaitForStatusAsync(MigrationStatus.Completed);
    }

    [Fact]
    public async Task An_unknown_population_keeps_the_gate_shut()
    {
        await using var shop = await AtTheGateAsync(population: null);
        await shop.Instances.LeaveAsync("shop-api", "old-1", CancellationToken.None);
        await shop.WaitForAsync(
            view => view.State.Blockers.Any(blocker => blocker.Code == "POPULATION_UNKNOWN"), "silence is not absence");

        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.WaitForStatusAsync(MigrationStatus.Completed);
    }

    [Theory]
    [InlineData("shop-api@1", "SESSION_OF_OLD_VERSION")]
    [InlineData("shop-worker@9", "APPLICATION_NOT_NAMED")]
    [InlineData("something", "SESSION_UNATTRIBUTED")]
    public async Task A_session_in_the_target_keeps_the_gate_shut(string label, string code)
    {
        await using var shop = await AtTheGateAsync(ExpectedPopulation.None);
        var connection = shop.Target.ConnectionStringFor(shop.Roles.Application, label) + ";Pooling=false";
        await using (var session = new NpgsqlConnection(connection))
        {
            await session.OpenAsync();
            await shop.Instances.LeaveAsync("shop-api", "old-1", CancellationToken.None);
            await shop.WaitForAsync(view => view.State.Blockers.Any(blocker => blocker.Code == code), $"the witness says {code}");
            Assert.Equal(GateStage.Retired, (await shop.ViewAsync()).State.Gate);
        }

        await shop.WaitForStatusAsync(MigrationStatus.Completed);
    }

    [Fact]
    public async Task Old_instances_may_come_back_until_the_retirement()
    {
        await using var shop = await AtTheGateAsync(ExpectedPopulation.Of(1));
        await shop.Instances.LeaveAsync("shop-api", "old-1", CancellationToken.None);
        await shop.HeartbeatAsync("old-2", 1);
        await shop.WaitForAsync(
            view => view.State.Blockers.Any(blocker => blocker.Subject == "shop-api/old-2"), "the one that came back is named");
    }

    [Fact]
    public async Task The_contract_waits_for_a_persons_approval_where_the_specification_says_so()
    {
        await using var shop = await AtTheGateAsync(
            ExpectedPopulation.None, ShopScenario.Rename + "\ncontract: { approval: required }\n");
        await shop.Instances.LeaveAsync("shop-api", "old-1", CancellationToken.None);
        await shop.WaitForAsync(
            view => view.State.Blockers.Any(blocker => blocker.Code == "APPROVAL_MISSING"), "it asks for approval");

        await shop.Commands.ApproveAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await shop.WaitForStatusAsync(MigrationStatus.Completed);
    }

    [Fact]
    public async Task The_instances_of_an_observed_application_are_its_connections()
    {
        await using var shop = await AtTheGateAsync(ExpectedPopulation.Observed);
        var connection = shop.Target.ConnectionStringFor(shop.Roles.Application, "shop-api@1") + ";Pooling=false";
        await using (var session = new NpgsqlConnection(connection))
        {
            await session.OpenAsync();
            await shop.Instances.LeaveAsync("shop-api", "old-1", CancellationToken.None);
            var waiting = await shop.WaitForAsync(
                view => view.State.Blockers is [{ Code: "SESSION_OF_OLD_VERSION" }], "the connection is named");

            // Nothing is refused as long as one is there.
            Assert.Equal(GateStage.Draining, waiting.State.Gate);
        }

        await shop.WaitForStatusAsync(MigrationStatus.Completed);
    }

    [Fact]
    public async Task The_contract_waits_until_the_old_column_is_silent_where_the_specification_says_so()
    {
        await using var shop = await AtTheGateAsync(
            ExpectedPopulation.None, ShopScenario.Rename + "\ncontract: { old_writes_quiet: 1s }\n");
        await shop.Instances.LeaveAsync("shop-api", "old-1", CancellationToken.None);

        await shop.WaitForAsync(
            view => view.State is { Gate: not GateStage.Retired, Blockers: [{ Code: "OLD_PATH_NOT_QUIET", Subject: "comment of public.review on shard 'main'" }] },
            "it listens before it refuses anybody");
        await shop.WaitForStatusAsync(MigrationStatus.Completed);
    }

    [Fact]
    public async Task A_trigger_that_was_disabled_before_the_contract_stops_it()
    {
        await using var shop = await AtTheGateAsync(ExpectedPopulation.None);
        await shop.Target.ExecuteAsync("alter table review disable trigger all");
        await shop.Instances.LeaveAsync("shop-api", "old-1", CancellationToken.None);
        var failed = await shop.WaitForAsync(
            view => view.State.Steps.Values.Any(step => step.Status == StepStatus.Failed), "the contract's guard refuses");

        Assert.Contains(failed.State.Steps.Values, step => step.FailureCode is "GUARD_REFUSED" or "CATALOGUE_DRIFT");
        Assert.Equal(2L, await shop.Target.ScalarAsync<long>(
            "select count(*) from information_schema.columns where table_name = 'review' and column_name in ('comment', 'message')"));
        await shop.Target.ExecuteAsync(
            """
            do $$ begin execute (select format('alter table review enable always trigger %I', tgname)
                from pg_trigger where tgrelid = 'review'::regclass and tgname like 'zz%'); end $$
            """);
        await shop.Commands.RetryAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await shop.WaitForStatusAsync(MigrationStatus.Completed);
    }

    private static async Task<ShopScenario> AtTheGateAsync(ExpectedPopulation? population, string yaml = ShopScenario.Rename)
    {
        var shop = await ShopScenario.CreateAsync();
        if (population is not null)
        {
            await shop.ExpectAsync(population);
        }

        await shop.HeartbeatAsync("old-1", 1);
        await shop.PlanAsync(yaml);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await using var worker = shop.StartWorker();
        await shop.WaitForAsync(view => view.State.Gate == GateStage.Draining, "the gate is reached");
        return shop;
    }
}
