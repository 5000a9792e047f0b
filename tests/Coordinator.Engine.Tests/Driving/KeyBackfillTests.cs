using Coordinator.Domain.Applications;
using Coordinator.Domain.Migrations;
using Coordinator.Engine.Quarantine;

namespace Coordinator.Engine.Tests.Driving;

/// <summary>
/// Backfills that hand rows out by key, through the engine. The statements count how often they write a row, so that one that is missed
/// or written twice shows.
/// </summary>
public class KeyBackfillTests
{
    private const string Name = "rename-comment";

    /// <summary>3000 accounts of five tenants, in no order, without anything that keeps them in step.</summary>
    private const string Accounts =
        """
        create table review (id int primary key);
        create table account (tenant int, code text collate "und-x-icu", n int not null default 0, other int, primary key (tenant, code));
        insert into account (tenant, code) select i % 5, translate(md5(i::text), 'abc', 'AéZ') from generate_series(1, 3000) as i;
        """;

    [Fact]
    public async Task Every_row_is_written_once_although_the_application_moves_them_all_and_the_table_is_rewritten()
    {
        await using var shop = await StartAsync(Accounts, Count("account"));
        await OpenAsync(shop);
        await shop.Target.ExecuteAsync("vacuum full account");
        await using (shop.StartWorker())
        {
            // Updates of a column that has nothing to do with it put every row elsewhere.
            while (!(await shop.ViewAsync()).State.IsFinished && await DoneAsync(shop) < 3000)
            {
                await shop.Target.ExecuteAsync("update account set other = coalesce(other, 0) + 1 where n = 0 and tenant = (random() * 5)::int");
            }

            await shop.WaitForStatusAsync(MigrationStatus.Completed);
        }

        Assert.Equal(3000L, await shop.Target.ScalarAsync<long>("select count(*) from account where n = 1"));
        Assert.Equal((1, 6L), (await PassAsync(shop), await shop.Coordination.ScalarAsync<long>("select total_blocks from coordinator.backfill")));
    }

    [Fact]
    public async Task It_ends_right_although_every_session_is_cut_after_every_event()
    {
        await using var shop = await StartAsync(Accounts, Count("account"));
        await using var worker = shop.StartWorker();
        for (var seen = 0L; ;)
        {
            var view = await shop.WaitForAsync(now => now.Revision > seen || now.State.IsFinished, "the migration moves on");
            seen = view.Revision;
            if (view.State.IsFinished)
            {
                break;
            }

            await CutAsync(shop.Coordination);
            await CutAsync(shop.Target);
        }

        await shop.WaitForStatusAsync(MigrationStatus.Completed);
        Assert.Equal(3000L, await shop.Target.ScalarAsync<long>("select count(*) from account where n = 1"));
    }

    [Fact]
    public async Task Marks_that_a_failover_has_lost_are_made_anew_in_a_new_pass()
    {
        await using var shop = await StartAsync(Accounts, Count("account").Replace("n = n + 1", "n = 1", StringComparison.Ordinal));
        await OpenAsync(shop);
        await shop.Commands.PauseAsync(Name, "look", ShopScenario.Operator, CancellationToken.None);
        await shop.WaitForStatusAsync(MigrationStatus.Paused);
        await shop.Target.ExecuteAsync("delete from coordinator.key_mark where mark > 3");
        await shop.Commands.ResumeAsync(Name, ShopScenario.Operator, CancellationToken.None);

        await using var worker = shop.StartWorker();
        await shop.WaitForStatusAsync(MigrationStatus.Completed);

        Assert.Equal(2, await PassAsync(shop));
        Assert.Equal(3000L, await shop.Target.ScalarAsync<long>("select count(*) from account where n = 1"));
        Assert.Equal(6L, await shop.Target.ScalarAsync<long>("select count(*) from coordinator.key_mark where pass = 2"));
    }

    [Fact]
    public async Task A_verification_by_key_finds_each_wrong_row_wherever_its_key_is()
    {
        await using var shop = await StartAsync(
            Accounts + "update account set n = 5 where tenant = 0 and code = (select min(code) from account where tenant = 0); "
            + "insert into account (tenant, code, n) values (2, 'middle', 5), (4, 'zzzz', 5);",
            Count("account").Replace("set n = n + 1 where {range}", "set n = 1 where {range} and n = 0", StringComparison.Ordinal));
        await using var worker = shop.StartWorker();

        var failed = await shop.WaitForAsync(
            view => view.State.Steps.Values.Any(step => step.Status == StepStatus.Failed), "the verification fails");

        var step = failed.State.Steps.Values.Single(step => step.Status == StepStatus.Failed);
        Assert.Equal("VERIFICATION_FAILED", step.FailureCode);
        Assert.StartsWith("3 rows of public.account are wrong", step.FailureReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_is_gone_stops_the_backfill_until_it_is_back()
    {
        await using var shop = await StartAsync(Accounts, Count("account"));
        await OpenAsync(shop);
        await shop.Commands.PauseAsync(Name, "look", ShopScenario.Operator, CancellationToken.None);
        await shop.WaitForStatusAsync(MigrationStatus.Paused);
        await shop.Target.ExecuteAsync("alter table account drop constraint account_pkey");
        await shop.Commands.ResumeAsync(Name, ShopScenario.Operator, CancellationToken.None);
        var failed = await shop.WaitForAsync(
            view => view.State.Steps.Values.Any(step => step.Status == StepStatus.Failed), "the backfill stops");

        var step = failed.State.Steps.Values.Single(step => step.Status == StepStatus.Failed);
        Assert.Equal("RANGE_KEY_NOT_UNIQUE", step.FailureCode);
        await shop.Target.ExecuteAsync("create unique index account_again on account (tenant, code)");
        await shop.Commands.RetryAsync(Name, ShopScenario.Operator, CancellationToken.None);
        await using var worker = shop.StartWorker();
        await shop.WaitForStatusAsync(MigrationStatus.Completed);
        Assert.Equal((1, 3000L), (await PassAsync(shop), await shop.Target.ScalarAsync<long>("select count(*) from account where n = 1")));
    }

    [Fact]
    public async Task A_row_that_can_not_be_written_waits_by_its_key_until_it_is_retried()
    {
        await using var shop = await StartAsync(
            Accounts + "insert into account (tenant, code, n) values (3, 'bad \\ one', 7); "
            + "alter table account add constraint small check (n < 8);",
            Count("account").Replace("verify: select count(*) from account where {range} and n <> 1", "verify: select count(*) from account where {range} and n = 7", StringComparison.Ordinal));
        await using var worker = shop.StartWorker();
        var blocked = await shop.WaitForAsync(view => view.State.Blockers is [{ Code: "QUARANTINED_ROWS" }], "the contract waits");
        Assert.Contains("""{"code": "bad \\ one", "tenant": 3}""", blocked.State.Blockers.Single().Message, StringComparison.Ordinal);

        Assert.Equal(new RetryResult(0, 0, 1, 0), await RetryAllAsync(shop));
        await shop.Target.ExecuteAsync("alter table account drop constraint small");
        Assert.Equal(new RetryResult(1, 0, 0, 0), await RetryAllAsync(shop));

        await shop.WaitForStatusAsync(MigrationStatus.Completed);
        Assert.Equal(8, await shop.Target.ScalarAsync<int>("select max(n) from account"));
        Assert.Equal(3000L, await shop.Target.ScalarAsync<long>("select count(*) from account where n = 1"));
    }

    [Fact]
    public async Task A_partitioned_table_is_handed_out_by_its_key_as_a_whole()
    {
        await using var shop = await StartAsync(
            """
            create table review (id int primary key);
            create table account (tenant int not null, code int not null, n int not null default 0 check (n < 8), unique (tenant, code))
              partition by hash (code);
            create table account_0 partition of account for values with (modulus 3, remainder 0);
            create table account_1 partition of account for values with (modulus 3, remainder 1);
            create table account_2 partition of account for values with (modulus 3, remainder 2);
            insert into account (tenant, code, n) select i % 5, i, case i when 77 then 7 else 0 end from generate_series(1, 2000) as i;
            """,
            Count("account").Replace("sql: update", "key: [tenant, code]\n        sql: update", StringComparison.Ordinal));
        await using var worker = shop.StartWorker();

        // In whatever partition it is, a row is known by the key; here there is no other.
        var blocked = await shop.WaitForAsync(view => view.State.Blockers is [{ Code: "QUARANTINED_ROWS" }], "the contract waits");
        Assert.Contains("""{"code": 77, "tenant": 2}""", blocked.State.Blockers.Single().Message, StringComparison.Ordinal);
        Assert.Equal(new RetryResult(0, 0, 1, 0), await RetryAllAsync(shop));
        await shop.Target.ExecuteAsync("update account set n = 0 where code = 77");
        Assert.Equal(new RetryResult(1, 0, 0, 0), await RetryAllAsync(shop));
        await shop.WaitForStatusAsync(MigrationStatus.Completed);

        Assert.Equal(2000L, await shop.Target.ScalarAsync<long>("select count(*) from account where n = 1"));
    }

    private static string Count(string table) =>
        $$"""
        migration: {{Name}}
        target: shop
        versions:
          shop-api: { uses_new_from: 2, free_of_old_from: 2 }
        operations:
          - raw_sql:
              backfill:
                table: {{table}}
                sql: update {{table}} set n = n + 1 where {range}
                verify: select count(*) from {{table}} where {range} and n <> 1
              contract: comment on table {{table}} is 'done'
        """;

    private static async Task<ShopScenario> StartAsync(string tables, string spec)
    {
        var shop = await ShopScenario.CreateAsync(tables: tables);
        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.PlanAsync(spec);
        await shop.Commands.StartAsync(Name, ShopScenario.Operator, CancellationToken.None);
        return shop;
    }

    private static Task OpenAsync(ShopScenario shop) => Testing.Eventually.TrueAsync(
        async () => await shop.Coordination.ScalarAsync<long>("select count(*) from coordinator.backfill") > 0, "the backfill is open");

    private static Task<long> DoneAsync(ShopScenario shop) => shop.Target.ScalarAsync<long>("select count(*) from account where n > 0");

    private static Task<int> PassAsync(ShopScenario shop) => shop.Coordination.ScalarAsync<int>("select pass from coordinator.backfill");

    private static Task<RetryResult> RetryAllAsync(ShopScenario shop) => shop.Replica.Get<QuarantineCommands>().RetryAsync(
        Name, new RowChoice("", [], All: true), ShopScenario.Operator, CancellationToken.None);

    private static async Task CutAsync(Testing.TestDatabase database) => await database.ExecuteAsync(
        $"""
        select pg_terminate_backend(pid) from pg_stat_activity
         where datname = '{database.Name}' and application_name like 'coordinator%' and pid <> pg_backend_pid()
        """);
}
