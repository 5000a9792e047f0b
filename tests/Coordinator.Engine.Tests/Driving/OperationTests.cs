using Coordinator.Domain.Applications;
using Coordinator.Domain.Migrations;
using Npgsql;

namespace Coordinator.Engine.Tests.Driving;

public class OperationTests
{
    private const string SetNotNull =
        """
        migration: need-comment
        target: shop
        versions:
          shop-api: { uses_new_from: 2, free_of_old_from: 2 }
        operations:
          - set_not_null: { table: review, column: comment, fill: "'none, ' || stars || ' stars'" }
        """;

    private const string Raw =
        """
        migration: shout
        target: shop
        versions:
          shop-api: { uses_new_from: 2, free_of_old_from: 2 }
        operations:
          - raw_sql:
              expand: alter table review add column loud text
              backfill:
                table: review
                sql: update review set loud = upper(comment) where {range} and loud is null
                verify: select count(*) from review where loud is distinct from upper(comment)
              contract: alter table review drop column stars
              rollback: alter table review drop column loud
        """;

    [Fact]
    public async Task Set_not_null_fills_what_was_null_and_what_old_versions_still_write()
    {
        await using var shop = await ShopScenario.CreateAsync(rows: 500);
        await shop.Target.ExecuteAsync("update review set comment = null where id % 5 = 0");
        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.HeartbeatAsync("old-1", 1);
        await shop.PlanAsync(SetNotNull);
        await shop.Commands.StartAsync("need-comment", ShopScenario.Operator, CancellationToken.None);
        await using var worker = shop.StartWorker();
        await shop.WaitForAsync(view => view.State.Gate == GateStage.Draining, "the gate is reached", "need-comment");

        // An old version that still writes NULL keeps working, after the constraint too.
        await shop.Target.ExecuteAsync("insert into review (id, comment, stars) values (1000, null, 4)");
        Assert.Equal("none, 4 stars", await shop.Target.ScalarAsync<string>("select comment from review where id = 1000"));
        Assert.Equal("none, 3 stars", await shop.Target.ScalarAsync<string>("select comment from review where id = 5"));
        await shop.Instances.LeaveAsync("shop-api", "old-1", CancellationToken.None);
        await shop.WaitForStatusAsync(MigrationStatus.Completed, "need-comment");
        var refused = await Assert.ThrowsAsync<PostgresException>(
            () => shop.Target.ExecuteAsync("insert into review (id, comment) values (1001, null)"));
        Assert.Equal(PostgresErrorCodes.NotNullViolation, refused.SqlState);
    }

    [Fact]
    public async Task Set_not_null_can_be_rolled_back()
    {
        await using var shop = await ShopScenario.CreateAsync(rows: 500);
        await shop.HeartbeatAsync("old-1", 1);
        await shop.PlanAsync(SetNotNull);
        await shop.Commands.StartAsync("need-comment", ShopScenario.Operator, CancellationToken.None);
        await using var worker = shop.StartWorker();
        await shop.WaitForAsync(view => view.State.Gate == GateStage.Draining, "the gate is reached", "need-comment");

        await shop.Commands.RollBackAsync("need-comment", ShopScenario.Operator, CancellationToken.None);
        await shop.WaitForStatusAsync(MigrationStatus.RolledBack, "need-comment");
        await shop.Target.ExecuteAsync("insert into review (id, comment) values (1000, null)");
    }

    [Fact]
    public async Task Raw_sql_runs_its_parts_in_their_phases()
    {
        await using var shop = await ShopScenario.CreateAsync(rows: 500);
        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.HeartbeatAsync("old-1", 1);
        await shop.PlanAsync(Raw);
        await shop.Commands.StartAsync("shout", ShopScenario.Operator, CancellationToken.None);
        await using var worker = shop.StartWorker();
        await shop.WaitForAsync(view => view.State.Gate == GateStage.Draining, "the gate is reached", "shout");
        Assert.Equal(500L, await shop.Target.ScalarAsync<long>("select count(*) from review where loud = upper(comment) and stars = 3"));

        await shop.Instances.LeaveAsync("shop-api", "old-1", CancellationToken.None);
        await shop.WaitForStatusAsync(MigrationStatus.Completed, "shout");
        Assert.Equal(0L, await shop.Target.ScalarAsync<long>(
            "select count(*) from pg_attribute where attrelid = 'review'::regclass and attname = 'stars'"));
    }

    [Fact]
    public async Task Several_operations_share_one_gate_and_contract_one_after_the_other()
    {
        await using var shop = await ShopScenario.CreateAsync(rows: 300);
        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.PlanAsync(
            """
            migration: two-at-once
            target: shop
            versions:
              shop-api: { uses_new_from: 2, free_of_old_from: 2 }
            operations:
              - rename_column: { table: review, from: comment, to: message }
              - rename_column: { table: review, from: stars, to: rating }
            """);
        await shop.Commands.StartAsync("two-at-once", ShopScenario.Operator, CancellationToken.None);
        await using var worker = shop.StartWorker();
        await shop.WaitForStatusAsync(MigrationStatus.Completed, "two-at-once");

        Assert.Equal(300L, await shop.Target.ScalarAsync<long>("select count(*) from review where message = 'comment ' || id and rating = 3"));
        await shop.Target.ExecuteAsync("insert into review (id, message) values (1000, 'new')");
        Assert.Equal(3, await shop.Target.ScalarAsync<int>("select rating from review where id = 1000"));
    }

    [Fact]
    public async Task A_failing_statement_stops_the_migration_with_its_reason_and_leaves_nothing()
    {
        await using var shop = await ShopScenario.CreateAsync(rows: 10);
        await shop.PlanAsync(Raw.Replace("add column loud text", "add column loud no_such_type", StringComparison.Ordinal));
        await shop.Commands.StartAsync("shout", ShopScenario.Operator, CancellationToken.None);
        var failed = await shop.WaitForAsync(
            view => view.State.Steps.Values.Any(step => step.Status == StepStatus.Failed), "the step fails", "shout");

        var step = failed.State.Steps.Values.Single(step => step.Status == StepStatus.Failed);
        Assert.Equal("DDL_FAILED", step.FailureCode);
        Assert.Contains("no_such_type", step.FailureReason, StringComparison.Ordinal);
        Assert.Equal(0L, await shop.Target.ScalarAsync<long>("select count(*) from coordinator.applied_step"));
    }
}
