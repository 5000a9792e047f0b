using Coordinator.Domain.Applications;
using Coordinator.Domain.Backfills;
using Coordinator.Domain.Migrations;
using Coordinator.Engine.Quarantine;
using Coordinator.Engine.Readiness;
using Coordinator.EventStore;

namespace Coordinator.Engine.Tests.Driving;

/// <summary>
/// Rows that can't be filled, through the engine and the workers' real batches: a check constraint that they have never
/// met makes every update of theirs fail.
/// </summary>
public class QuarantineTests
{
    private const string Poison = "alter table review add constraint stars_are_real check (stars > 0) not valid";

    [Fact]
    public async Task One_poisonous_row_among_100_000_waits_alone_until_it_is_retried()
    {
        await using var shop = await StartAsync(rows: 100_000, 77_777);
        await using var worker = shop.StartWorker();

        var blocked = await WaitForBlockAsync(shop);

        Assert.Equal(99_999L, await shop.Target.ScalarAsync<long>("select count(*) from review where message = comment"));
        Assert.True(await shop.Target.ScalarAsync<bool>("select message is null from review where id = 77777"));
        var blocker = blocked.State.Blockers.Single();
        Assert.Equal("rename-comment: 1 row of public.review", blocker.Subject);
        Assert.Contains("{\"id\": 77777}", blocker.Message, StringComparison.Ordinal);
        Assert.Contains("stars_are_real", blocker.Message, StringComparison.Ordinal);
        Assert.Contains("(23514)", blocker.Message, StringComparison.Ordinal);
        Assert.Contains("coordinator quarantine retry rename-comment --all", blocker.ClearedBy, StringComparison.Ordinal);
        Assert.Equal(GateStage.Soaking, blocked.State.Gate);
        var verdict = await shop.Replica.Get<ReadinessQueries>().MilestoneAsync("rename-comment", Milestone.Completed, CancellationToken.None);
        Assert.Equal(Verdict.Blocked, verdict.Verdict);
        Assert.Equal(1, (await BackfillAsync(shop)).State.Quarantined);

        var page = await Quarantine(shop).ListAsync("rename-comment", "", 10, "", CancellationToken.None);
        var row = Assert.Single(page.Rows);
        Assert.Equal(("main", "{\"id\": 77777}", "23514"), (row.Shard, row.Row.Key, row.Row.SqlState));

        // Nothing was repaired: it fails as before, and is still there.
        Assert.Equal(new RetryResult(0, 0, 1, 0), await RetryAllAsync(shop));
        await shop.Target.ExecuteAsync("alter table review drop constraint stars_are_real");
        Assert.Equal(new RetryResult(1, 0, 0, 0), await RetryAllAsync(shop));

        await shop.WaitForStatusAsync(MigrationStatus.Completed);
        Assert.Equal(100_000L, await shop.Target.ScalarAsync<long>("select count(*) from review where message = 'comment ' || id"));
        Assert.Equal(0L, await shop.Target.ScalarAsync<long>("select count(*) from coordinator.quarantine"));
        var retries = (await HistoryAsync(shop)).Where(entry => entry.Event.Data is BackfillEvent.RowsRetried).ToList();
        Assert.Equal(
            [("migrate-1-backfill", 0, 1), ("migrate-1-backfill", 1, 0)],
            retries.Select(entry => (entry.Backfill, ((BackfillEvent.RowsRetried)entry.Event.Data).Repaired, ((BackfillEvent.RowsRetried)entry.Event.Data).StillBad)));
    }

    [Fact]
    public async Task Rows_that_the_application_puts_right_or_deletes_are_let_go_by_themselves()
    {
        await using var shop = await StartAsync(rows: 500, 5, 6, 7);
        await using var worker = shop.StartWorker();
        Assert.Contains("3 rows", (await WaitForBlockAsync(shop)).State.Blockers.Single().Subject, StringComparison.Ordinal);

        await shop.Target.ExecuteAsync("update review set stars = 1 where id = 5; delete from review where id = 6");
        await shop.WaitForAsync(
            view => view.State.Blockers is [{ Subject: "rename-comment: 1 row of public.review" }], "two of them are let go");
        await shop.Target.ExecuteAsync("update review set stars = 2 where id = 7");

        await shop.WaitForStatusAsync(MigrationStatus.Completed);
        Assert.Equal(499L, await shop.Target.ScalarAsync<long>("select count(*) from review where message = 'comment ' || id"));
    }

    [Fact]
    public async Task A_waived_row_no_longer_waits_and_who_waived_it_is_on_record()
    {
        await using var shop = await StartAsync(rows: 500, 5, 6);
        await using var worker = shop.StartWorker();
        await WaitForBlockAsync(shop);
        var ann = new RequestContext("ann", Guid.CreateVersion7());

        var unknown = await Assert.ThrowsAsync<EngineException>(() => WaiveAsync(shop, "{\"id\": 99}", "why", ann));
        var silent = await Assert.ThrowsAsync<EngineException>(() => WaiveAsync(shop, "{\"id\": 5}", " ", ann));
        Assert.Equal(("QUARANTINED_ROW_NOT_FOUND", "WAIVER_REASON_MISSING"), (unknown.Rejection.Code, silent.Rejection.Code));
        Assert.Equal(1, await WaiveAsync(shop, "{\"id\": 5}", "archived in 2019", ann));
        Assert.Equal(1, await WaiveAsync(shop, "{\"id\": 5}", "archived in 2019", ann));
        await shop.WaitForAsync(
            view => view.State.Blockers is [{ Subject: "rename-comment: 1 row of public.review" }], "one is left");
        Assert.Equal(1, await WaiveAsync(shop, "{\"id\": 6}", "this too", ann with { RequestId = null }));

        await shop.WaitForStatusAsync(MigrationStatus.Completed);
        var waived = (await BackfillAsync(shop)).Events.Select(recorded => recorded.Data).OfType<BackfillEvent.RowsWaived>().ToList();
        Assert.Equal([("ann", "archived in 2019"), ("ann", "this too")], waived.Select(e => (e.By, e.Reason)));
        Assert.Equal(["{\"id\": 5}"], waived[0].Keys);
        Assert.Equal(2L, await shop.Target.ScalarAsync<long>("select count(*) from coordinator.quarantine where waived_by = 'ann' and waive_reason <> ''"));
        var history = await HistoryAsync(shop);
        Assert.Equal(["ann", "ann"], history.Where(entry => entry.Event.EventTypeName == "backfill_rows_waived").Select(entry => entry.Event.UserName));
        Assert.Equal(history.OrderBy(entry => entry.Event.Sequence), history);
        Assert.Equal(2L, await shop.Target.ScalarAsync<long>("select count(*) from review where message is null"));
    }

    [Fact]
    public async Task When_too_many_rows_fail_the_backfill_stops_and_a_retry_goes_on()
    {
        await using var shop = await StartAsync(rows: 5000, [.. Enumerable.Range(1, 150).Select(n => n * 30)]);
        await using var worker = shop.StartWorker();

        var stopped = await WaitForFailureAsync(shop);

        Assert.Equal("TOO_MANY_BAD_ROWS", stopped.FailureCode);
        Assert.Contains("(23514)", stopped.FailureReason, StringComparison.Ordinal);
        Assert.Contains("coordinator retry rename-comment", stopped.FailureRemedy, StringComparison.Ordinal);
        Assert.Contains((await BackfillAsync(shop)).Events, recorded => recorded.Data is BackfillEvent.BreakerTripped { Quarantined: > 100 });
        await shop.Commands.RetryAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        Assert.Contains("150 rows", (await WaitForBlockAsync(shop)).State.Blockers.Single().Subject, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_statement_that_can_not_work_stops_the_backfill_at_once_and_a_retry_goes_on()
    {
        await using var shop = await StartAsync(rows: 500);
        await shop.Target.ExecuteAsync($"revoke update on review from {shop.Roles.Worker}");
        await using var worker = shop.StartWorker();

        var stopped = await WaitForFailureAsync(shop);

        Assert.Equal("BACKFILL_STATEMENT_FAILED", stopped.FailureCode);
        Assert.Contains("permission denied", stopped.FailureReason, StringComparison.Ordinal);
        Assert.Equal(0L, await shop.Target.ScalarAsync<long>("select count(*) from coordinator.quarantine"));
        await shop.Target.ExecuteAsync($"grant update on review to {shop.Roles.Worker}");
        await shop.Commands.RetryAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await shop.WaitForStatusAsync(MigrationStatus.Completed);
    }

    [Fact]
    public async Task A_batch_that_fails_again_and_again_stops_the_backfill()
    {
        // More than fit a quarantine, in one batch.
        await using var shop = await StartAsync(rows: 300, [.. Enumerable.Range(1, 300)]);
        await using var worker = shop.StartWorker();
        await shop.WaitForAsync(view => view.Backfills is [{ LastFailure: { } why }] && why.StartsWith("TOO_MANY_BAD_ROWS", StringComparison.Ordinal), "it fails");
        await shop.Coordination.ExecuteAsync("update coordinator.backfill_batch set hard_failures = 9 where state = 0");

        var stopped = await WaitForFailureAsync(shop);

        Assert.Equal("BACKFILL_KEEPS_FAILING", stopped.FailureCode);
        // The worker may be quicker than the driver and try once more.
        Assert.Matches(@"\b1\d times in a row", stopped.FailureReason);
        await shop.Target.ExecuteAsync("alter table review drop constraint stars_are_real");
        await shop.Commands.RetryAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await shop.WaitForStatusAsync(MigrationStatus.Completed);
    }

    [Fact]
    public async Task While_the_migration_is_paused_nothing_is_tried_again()
    {
        await using var shop = await StartAsync(rows: 500, 5);
        await using var worker = shop.StartWorker();
        await WaitForBlockAsync(shop);
        await shop.Commands.PauseAsync("rename-comment", "night", ShopScenario.Operator, CancellationToken.None);

        var refused = await Assert.ThrowsAsync<EngineException>(() => RetryAllAsync(shop));

        Assert.Equal("FENCE_NOT_OPEN", refused.Rejection.Code);
        Assert.Contains("coordinator resume rename-comment", refused.Rejection.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_comes_in_pages_that_together_have_every_row_once()
    {
        int[] bad = [.. Enumerable.Range(1, 7).Select(n => n * 50)];
        await using var shop = await StartAsync(rows: 500, bad);
        await using var worker = shop.StartWorker();
        await WaitForBlockAsync(shop);
        var keys = new List<string>();
        var token = "";
        do
        {
            var page = await Quarantine(shop).ListAsync("rename-comment", "", 3, token, CancellationToken.None);
            Assert.Equal((7, 0), (page.Open, page.Waived));
            keys.AddRange(page.Rows.Select(row => row.Row.Key));
            token = page.NextToken;
        }
        while (token.Length > 0);

        Assert.Equal(bad.Select(id => $"{{\"id\": {id}}}").Order(), keys.Order());
        var wrong = await Assert.ThrowsAsync<EngineException>(
            () => Quarantine(shop).ListAsync("rename-comment", "", 3, "nonsense", CancellationToken.None));
        Assert.Equal("INVALID_PAGE_TOKEN", wrong.Rejection.Code);
    }

    [Fact]
    public async Task An_operators_own_statement_has_its_rows_quarantined_too_and_its_query_is_not_failed_by_them()
    {
        await using var shop = await ShopScenario.CreateAsync(rows: 0);
        await shop.Target.ExecuteAsync(
            """
            alter table review drop constraint review_pkey;
            insert into review select n, case n when 5 then 'five' else n::text end from generate_series(1, 300) as n;
            analyze review;
            """);
        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.PlanAsync(
            """
            migration: rename-comment
            target: shop
            versions:
              shop-api: { uses_new_from: 2, free_of_old_from: 2 }
            operations:
              - raw_sql:
                  expand: alter table review add column number int
                  backfill:
                    table: review
                    sql: update review set number = comment::int where {range} and number is null
                    verify: select count(*) from review where number is null
                  contract: alter table review drop column stars
                  rollback: alter table review drop column number
            """);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await using var worker = shop.StartWorker();

        Assert.Contains("\"ctid\": \"(", (await WaitForBlockAsync(shop)).State.Blockers.Single().Message, StringComparison.Ordinal);

        // Without a key and without a trigger nobody knows where a row is that was written since.
        await shop.Target.ExecuteAsync("update review set comment = '5' where id = 5");
        Assert.Equal(new RetryResult(0, 0, 1, 0), await RetryAllAsync(shop));
        var row = Assert.Single((await Quarantine(shop).ListAsync("rename-comment", "", 3, "", CancellationToken.None)).Rows).Row;
        Assert.Contains("no longer at that place", row.Message, StringComparison.Ordinal);
        await shop.Target.ExecuteAsync("update review set number = 5 where id = 5");
        await WaiveAsync(shop, row.Key, "corrected by hand", ShopScenario.Operator);
        await shop.WaitForStatusAsync(MigrationStatus.Completed);
    }

    private static async Task<ShopScenario> StartAsync(int rows, params int[] bad)
    {
        var shop = await ShopScenario.CreateAsync(rows);
        // Clustered: an update puts its rows behind all others, and bad rows should lie where they lay.
        await shop.Target.ExecuteAsync($"update review set stars = 0 where id in ({string.Join(',', [.. bad, -1])}); {Poison}; cluster review using review_pkey; analyze review");
        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.PlanAsync(ShopScenario.Rename);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        return shop;
    }

    /// <summary>The whole of it, page by page.</summary>
    private static async Task<List<Migrations.HistoryEntry>> HistoryAsync(ShopScenario shop)
    {
        var entries = new List<Migrations.HistoryEntry>();
        var token = "";
        do
        {
            var page = await shop.Replica.Get<Migrations.MigrationQueries>().HistoryAsync("rename-comment", 4, token, CancellationToken.None);
            entries.AddRange(page.Entries);
            token = page.NextPageToken;
        }
        while (token.Length > 0);

        return entries;
    }

    private static QuarantineCommands Quarantine(ShopScenario shop) => shop.Replica.Get<QuarantineCommands>();

    private static Task<RetryResult> RetryAllAsync(ShopScenario shop) => Quarantine(shop).RetryAsync(
        "rename-comment", new RowChoice("", [], All: true), ShopScenario.Operator, CancellationToken.None);

    private static Task<long> WaiveAsync(ShopScenario shop, string key, string reason, RequestContext context) =>
        Quarantine(shop).WaiveAsync("rename-comment", new RowChoice("", [key], All: false), reason, context, CancellationToken.None);

    private static Task<Migrations.MigrationView> WaitForBlockAsync(ShopScenario shop) => shop.WaitForAsync(
        view => view.State.Blockers is [{ Code: "QUARANTINED_ROWS" }], "the contract waits for rows in quarantine");

    private static async Task<StepState> WaitForFailureAsync(ShopScenario shop) =>
        (await shop.WaitForAsync(view => view.State.Steps.Values.Any(step => step.Status == StepStatus.Failed), "the backfill stops"))
        .State.Steps.Values.Single(step => step.Status == StepStatus.Failed);

    private static async Task<(BackfillState State, IReadOnlyList<IEvent> Events)> BackfillAsync(ShopScenario shop)
    {
        var step = (await shop.ViewAsync()).State.Plan!.Steps.OfType<Domain.Plans.PlanStep.Backfill>().Single().Id;
        var events = await shop.Replica.Get<IEventStore>().Query.FetchStreamAsync($"backfill-rename-comment-{step}");
        return (events.Aggregate(BackfillState.Initial, (state, recorded) => state.Evolve((BackfillEvent)recorded.Data)), events);
    }
}
