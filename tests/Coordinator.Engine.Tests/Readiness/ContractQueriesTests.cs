using Coordinator.Domain.Applications;
using Coordinator.Domain.Migrations;
using Coordinator.Engine.Readiness;
using Coordinator.Engine.Tests.Driving;
using Coordinator.Engine.Tests.Fencing;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Engine.Tests.Readiness;

/// <summary>What contracting would break, asked at any moment.</summary>
public sealed class ContractQueriesTests
{
    // With an approval nothing contracts behind the test's back.
    private const string WithApproval = ShopScenario.Rename + "\ncontract: { approval: required }\n";

    [Fact]
    public async Task Everything_that_a_contract_would_break_is_named_at_once_and_each_thing_until_it_is_cleared()
    {
        await using var shop = await AtTheGateAsync(WithApproval, "update review set stars = 0 where id = 5");
        await shop.HeartbeatAsync("old-2", 1);
        await shop.Coordination.ExecuteAsync("update coordinator.instance set expires_at = now() - interval '1 hour' where instance = 'old-2'");
        await shop.Target.ExecuteAsync(
            """
            create view loud as select id, upper(comment) as comment from review;
            create index review_by_length on review (length(comment));
            alter table review add constraint comment_is_short check (length(comment) < 100);
            """);
        var label = shop.Target.ConnectionStringFor(shop.Roles.Application, "report@7") + ";Pooling=false";
        await using (var session = new NpgsqlConnection(label))
        {
            await session.OpenAsync();

            var verdict = await AskAsync(shop);

            Assert.Equal(Verdict.Blocked, verdict.Verdict);
            Assert.Equal(
                [
                    ("INSTANCE_ALIVE", "shop-api/old-1"), ("INSTANCE_SUSPECTED", "shop-api/old-2"),
                    ("APPLICATION_NOT_NAMED", $"main/{session.ProcessID}"), ("QUARANTINED_ROWS", "rename-comment: 1 row of public.review"),
                    (ColumnDependents.ObjectDepends, "view public.loud"), (ColumnDependents.IndexDropped, "review_by_length"),
                    (ColumnDependents.ConstraintDropped, "comment_is_short"),
                ],
                verdict.Blockers.Select(blocker => (blocker.Code, blocker.Subject)));
            Assert.All(verdict.Blockers, blocker => Assert.NotEmpty(blocker.ClearedBy));
            Assert.All(verdict.Blockers, blocker => Assert.NotEmpty(blocker.Message));
        }

        await shop.Target.ExecuteAsync(
            "drop view loud; drop index review_by_length; alter table review drop constraint comment_is_short; update review set stars = 1 where id = 5");
        await Eventually.TrueAsync(
            async () => Codes(await AskAsync(shop)).SequenceEqual(["INSTANCE_ALIVE", "INSTANCE_SUSPECTED"]), "the session's end is seen");
        Assert.Equal(Verdict.Wait, (await AskAsync(shop)).Verdict);
        await shop.Instances.LeaveAsync("shop-api", "old-1", CancellationToken.None);
        await shop.Instances.LeaveAsync("shop-api", "old-2", CancellationToken.None);

        var ready = await AskAsync(shop);

        Assert.Equal(Verdict.Ready, ready.Verdict);
        var lost = Assert.Single(ready.Losses!);
        Assert.Equal(("ROLLBACK_LOST", "shop-api"), (lost.Code, lost.Subject));
        Assert.Contains("versions below 2 could not be rolled back to any more; of them 1 ran here", lost.Message, StringComparison.Ordinal);

        await shop.Commands.ApproveAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await shop.WaitForStatusAsync(MigrationStatus.Completed);
        var done = await AskAsync(shop);
        Assert.Equal(Verdict.Ready, done.Verdict);
        Assert.Empty(done.Losses!);
    }

    [Fact]
    public async Task The_question_changes_nothing()
    {
        await using var shop = await AtTheGateAsync(WithApproval, "update review set stars = 0 where id = 5", drive: false);
        await shop.Target.ExecuteAsync("update review set stars = 1 where id = 5");
        var before = await shop.ViewAsync();

        Assert.Equal(["INSTANCE_ALIVE"], Codes(await AskAsync(shop)));

        Assert.Equal(before.Revision, (await shop.ViewAsync()).Revision);
        Assert.Equal(1L, await shop.Target.ScalarAsync<long>("select count(*) from coordinator.quarantine"));
    }

    [Fact]
    public async Task Rows_that_differ_are_named()
    {
        await using var shop = await AtTheGateAsync(ShopScenario.Rename, drive: false);
        await shop.Coordination.ExecuteAsync("update coordinator.verification set found = 1, examples = 'row 7'");

        var verdict = await AskAsync(shop);

        Assert.Equal(Verdict.Blocked, verdict.Verdict);
        Assert.Equal(["INSTANCE_ALIVE", "DIFFERENCES_FOUND"], Codes(verdict));
    }

    [Fact]
    public async Task Before_the_start_it_says_who_needs_the_old_structure_and_that_the_new_one_is_not_there()
    {
        await using var shop = await ShopScenario.CreateAsync(rows: 10, drive: false);
        await shop.HeartbeatAsync("old-1", 1);
        await shop.PlanAsync(ShopScenario.Rename);

        var planned = await AskAsync(shop);
        Assert.Equal(Verdict.Blocked, planned.Verdict);
        Assert.Equal(["MIGRATION_NOT_STARTED", "INSTANCE_ALIVE", "POPULATION_UNKNOWN"], Codes(planned));

        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        var started = await AskAsync(shop);
        Assert.Equal(Verdict.Wait, started.Verdict);
        Assert.Equal(["STEP_NOT_DONE", "INSTANCE_ALIVE", "POPULATION_UNKNOWN"], Codes(started));
        Assert.Contains("nor", started.Blockers[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_migration_that_was_cancelled_has_nothing_to_contract()
    {
        await using var shop = await ShopScenario.CreateAsync(rows: 10, drive: false);
        await shop.PlanAsync(ShopScenario.Rename);
        await shop.Commands.CancelAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);

        Assert.Equal(["MIGRATION_CANCELLED"], Codes(await AskAsync(shop)));
        var unknown = await Assert.ThrowsAsync<EngineException>(() => AskAsync(shop, "nobody"));
        Assert.Equal("MIGRATION_NOT_FOUND", unknown.Rejection.Code);
    }

    [Fact]
    public async Task In_strict_mode_it_also_names_the_sessions_that_the_fence_would_end_and_says_what_it_can_not_know()
    {
        await using var shop = await StrictShop.CreateAsync();
        await shop.ReachGateAsync(shop.Drop());
        await using var session = await shop.OpenAsync(1);

        var verdict = await shop.Replica.Get<ContractQueries>().WouldBreakAsync(StrictShop.Migration, CancellationToken.None);

        Assert.Equal(
            [("INSTANCE_ALIVE", "shop-api/old-1"), ("SESSION_OF_OLD_VERSION", $"s0/{session.ProcessID}")],
            verdict.Blockers.Select(blocker => (blocker.Code, blocker.Subject)));
        Assert.Equal(["ROLLBACK_LOST", "OWN_STATEMENT"], verdict.Losses!.Select(lost => lost.Code));
        Assert.Contains("alter table review drop column comment", verdict.Losses![1].Message, StringComparison.Ordinal);
    }

    private static Task<ReadinessVerdict> AskAsync(ShopScenario shop, string migration = "rename-comment") =>
        shop.Replica.Get<ContractQueries>().WouldBreakAsync(migration, CancellationToken.None);

    private static IEnumerable<string> Codes(ReadinessVerdict verdict) => verdict.Blockers.Select(blocker => blocker.Code);

    /// <summary>At the gate, with an instance of version 1; without <paramref name="drive"/> nobody drives it on from there.</summary>
    private static async Task<ShopScenario> AtTheGateAsync(string yaml, string prepare = "select 1", bool drive = true)
    {
        var shop = await ShopScenario.CreateAsync(rows: 200);
        await shop.Target.ExecuteAsync($"{prepare}; alter table review add constraint stars_are_real check (stars > 0) not valid; analyze review");
        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.HeartbeatAsync("old-1", 1);
        await shop.PlanAsync(yaml);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await using (shop.StartWorker())
        {
            await shop.WaitForAsync(view => view.State.Gate == GateStage.Draining, "the gate is reached");
        }

        if (!drive)
        {
            // A replica that was at it may finish its look after the pause; another one leaves a paused migration alone.
            await shop.Commands.PauseAsync("rename-comment", "a look", ShopScenario.Operator, CancellationToken.None);
            await shop.ReplaceReplicaAsync();
        }

        return shop;
    }
}
