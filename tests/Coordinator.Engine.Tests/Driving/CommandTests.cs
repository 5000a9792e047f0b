using Coordinator.Domain.Migrations;
using Coordinator.Engine.Planning;
using Coordinator.Engine.Specs;
using Coordinator.Engine.Targets;

namespace Coordinator.Engine.Tests.Driving;

public class CommandTests
{
    [Fact]
    public async Task The_same_request_again_changes_nothing_and_another_body_is_refused()
    {
        await using var shop = await ShopScenario.CreateAsync(rows: 10, drive: false);
        await shop.PlanAsync(ShopScenario.Rename);
        var context = new RequestContext("operator", Guid.NewGuid());
        var first = await shop.Commands.StartAsync("rename-comment", context, CancellationToken.None);
        var again = await shop.Commands.StartAsync("rename-comment", context, CancellationToken.None);
        var reused = await Assert.ThrowsAsync<EngineException>(
            () => shop.Commands.PauseAsync("rename-comment", "why", context, CancellationToken.None));

        Assert.Equal(first, again);
        Assert.Equal("REQUEST_ID_REUSED", reused.Rejection.Code);
        Assert.Equal(first, (await shop.ViewAsync()).Revision);
    }

    [Fact]
    public async Task Two_equal_requests_at_once_have_one_outcome()
    {
        await using var shop = await ShopScenario.CreateAsync(rows: 10, drive: false);
        await shop.PlanAsync(ShopScenario.Rename);
        var context = new RequestContext("operator", Guid.NewGuid());
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8)
            .Select(_ => shop.Commands.StartAsync("rename-comment", context, CancellationToken.None)));

        Assert.Single(outcomes.Distinct());
    }

    [Fact]
    public async Task A_name_is_used_once()
    {
        await using var shop = await ShopScenario.CreateAsync(rows: 10, drive: false);
        await shop.PlanAsync(ShopScenario.Rename);
        var refused = await Assert.ThrowsAsync<EngineException>(() => shop.PlanAsync(ShopScenario.Rename));

        Assert.Equal("MIGRATION_EXISTS", refused.Rejection.Code);
    }

    [Fact]
    public async Task A_column_that_vanished_between_plan_and_start_refuses_the_start()
    {
        await using var shop = await ShopScenario.CreateAsync(rows: 10, drive: false);
        await shop.PlanAsync(ShopScenario.Rename);
        await shop.Target.ExecuteAsync("alter table review drop column comment");
        var refused = await Assert.ThrowsAsync<EngineException>(
            () => shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None));

        Assert.Equal("PLAN_OUTDATED", refused.Rejection.Code);
        Assert.Equal(MigrationStatus.Planned, (await shop.ViewAsync()).State.Status);
    }

    [Fact]
    public async Task An_instance_that_is_too_new_already_refuses_the_start()
    {
        await using var shop = await ShopScenario.CreateAsync(rows: 10, drive: false);
        await shop.HeartbeatAsync("new-1", 2);
        await shop.PlanAsync(ShopScenario.Rename);
        var refused = await Assert.ThrowsAsync<EngineException>(
            () => shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None));

        Assert.Equal("NEWER_VERSION_ALIVE", refused.Rejection.Code);
        Assert.Contains("shop-api/new-1", refused.Rejection.Message, StringComparison.Ordinal);
        await shop.HeartbeatAsync("new-2", 2);
    }

    [Fact]
    public async Task User_sql_is_looked_at_by_the_target_when_it_is_planned_and_not_run()
    {
        await using var shop = await ShopScenario.CreateAsync(rows: 10, drive: false);
        const string Yaml =
            """
            migration: need-comment
            target: shop
            versions: { shop-api: { uses_new_from: 2, free_of_old_from: 2 } }
            operations:
              - set_not_null: { table: review, column: comment, fill: no_such_column }
            """;
        var refused = await Assert.ThrowsAsync<SpecificationException>(() => shop.PlanAsync(Yaml));

        Assert.Contains(refused.Errors, error => error is { Code: "INVALID_SQL", Place: "operations[0].set_not_null.fill" });
    }

    [Fact]
    public async Task A_target_that_is_down_is_unavailable_and_nothing_is_recorded()
    {
        await using var shop = await ShopScenario.CreateAsync(rows: 10, drive: false);
        await using var replica = await EngineReplica.StartAsync(
            shop.Coordination.ConnectionString,
            new Dictionary<string, TargetOptions> { ["shop"] = new() { Shards = { ["main"] = "Host=/nowhere;Database=shop;Timeout=1" } } },
            drive: false);
        var spec = ((SpecReadResult.Spec)YamlSpecReader.Read(ShopScenario.Rename)).Value;

        await Assert.ThrowsAsync<TargetUnavailableException>(() =>
            replica.Get<Migrations.MigrationCommands>().PlanAsync(spec, ShopScenario.Operator, CancellationToken.None));
        await Assert.ThrowsAsync<EngineException>(() => shop.ViewAsync());
    }

    [Fact]
    public async Task A_planned_migration_can_be_cancelled_and_a_started_one_must_be_rolled_back()
    {
        await using var shop = await ShopScenario.CreateAsync(rows: 10);
        await shop.PlanAsync(ShopScenario.Rename);
        await shop.Commands.CancelAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        Assert.Equal(MigrationStatus.Cancelled, (await shop.ViewAsync()).State.Status);

        await shop.PlanAsync(ShopScenario.Rename.Replace("rename-comment", "again", StringComparison.Ordinal));
        await shop.Commands.StartAsync("again", ShopScenario.Operator, CancellationToken.None);
        await shop.WaitForAsync(view => view.State.Steps.Values.Any(step => step.Status == StepStatus.Completed), "a step is done", "again");
        await Assert.ThrowsAsync<EngineException>(
            () => shop.Commands.CancelAsync("again", ShopScenario.Operator, CancellationToken.None));
    }
}
