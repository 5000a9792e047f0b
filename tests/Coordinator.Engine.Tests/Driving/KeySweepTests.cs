using Coordinator.Domain.Applications;
using Coordinator.Domain.Migrations;
using Coordinator.Engine.Quarantine;

namespace Coordinator.Engine.Tests.Driving;

/// <summary>
/// An operator's own statement in sweeps, by the rows' keys. It counts how often it writes a row, so that one that is missed or is written
/// in two sweeps shows; and no trigger helps.
/// </summary>
public class KeySweepTests
{
    private const string Name = "rename-comment";

    private const int Rows = 20_000;

    private const string Accounts =
        """
        create table review (id int primary key);
        create table account (id int primary key, n int not null default 0, other int) with (autovacuum_enabled = false);
        insert into account select i from generate_series(1, 20000) as i;
        """;

    [Fact]
    public async Task Every_row_is_written_once_although_the_application_moves_them_all()
    {
        await using var shop = await StartAsync(Accounts, Count("account"));
        await Testing.Eventually.TrueAsync(
            () => shop.Coordination.ScalarAsync<bool>("select exists (select from coordinator.backfill)"), "the backfill is open");
        await using (shop.StartWorker())
        {
            while ((await shop.ViewAsync()).State.Steps["migrate-1-backfill"].Status is not StepStatus.Completed)
            {
                await shop.Target.ExecuteAsync("update account set other = coalesce(other, 0) + 1 where id % 50 = (random() * 50)::int");
            }

            await shop.WaitForStatusAsync(MigrationStatus.Completed);
        }

        Assert.Equal(Rows, await shop.Target.ScalarAsync<long>("select count(*) from account where n = 1"));
        Assert.Equal(4 * 40L, await VisitsAsync(shop));
        Assert.Equal(4, await shop.Target.ScalarAsync<long>("select count(distinct (batch >> 30) & 3) from coordinator.ledger"));
    }

    /// <summary>Of every type, in one migration.</summary>
    [Fact]
    public async Task A_key_of_any_type_has_each_row_in_one_sweep()
    {
        (string Type, string Key)[] keys =
        [
            ("smallint", "i"), ("integer", "-i"), ("bigint", "i * 1000000007::bigint"), ("numeric", "i / 8.0"), ("uuid", "lpad(i::text, 32, '0')::uuid"),
            ("text collate \"und-x-icu\"", "case when i % 2 = 0 then 'A' else 'a' end || lpad(i::text, 6, '0')"), ("varchar(20) collate \"C\"", "lpad(i::text, 6, '0')"),
            ("char(20)", "lpad(i::text, 6, '0')"), ("date", "date '2026-01-01' + i"), ("timestamp", "timestamp '2026-01-01' + i * interval '1 s'"),
            ("timestamptz", "timestamptz '2026-01-01' + i * interval '1 s'"), ("bytea", "int4send(i)"),
        ];
        var tables = string.Concat(keys.Select((key, n) =>
            $"create table t{n} (k {key.Type} primary key, n int not null default 0) with (autovacuum_enabled = false); "
            + $"insert into t{n} select {key.Key} from generate_series(1, 2000) as i order by 1; "));
        // As many of them in pairs as a migration has operations for.
        var pairs = Enumerable.Range(4, keys.Length - 4).ToList();
        tables += string.Concat(pairs.Select(n =>
            $"create table u{n} (k {keys[n].Type}, \"K 2\" int, n int not null default 0, primary key (k, \"K 2\")) with (autovacuum_enabled = false); "
            + $"insert into u{n} select k, 7 from t{n} order by 1;"));
        List<string> names = [.. Enumerable.Range(0, keys.Length).Select(n => $"t{n}"), .. pairs.Select(n => $"u{n}")];
        await using var shop = await StartAsync(
            "create table review (id int primary key); " + tables,
            Header + string.Concat(names.Select(Backfill)));
        await using var worker = shop.StartWorker();
        await shop.WaitForStatusAsync(MigrationStatus.Completed);

        foreach (var name in names)
        {
            Assert.Equal((name, 2000L), (name, await shop.Target.ScalarAsync<long>($"select count(*) from {name} where n = 1")));
        }

        Assert.Equal(names.Count * 16L, await VisitsAsync(shop));
    }

    [Fact]
    public async Task A_row_that_can_not_be_written_waits_until_it_is_retried_and_all_others_are_written()
    {
        await using var shop = await StartAsync(
            Accounts + "update account set n = 7 where id = 777; alter table account add constraint small check (n < 8);",
            Count("account").Replace("and n <> 1", "and n in (0, 7)", StringComparison.Ordinal));
        await using var worker = shop.StartWorker();
        var blocked = await shop.WaitForAsync(view => view.State.Blockers is [{ Code: "QUARANTINED_ROWS" }], "the contract waits");
        Assert.Contains("""{"id": 777}""", blocked.State.Blockers.Single().Message, StringComparison.Ordinal);

        await shop.Target.ExecuteAsync("alter table account drop constraint small");
        var retried = await shop.Replica.Get<QuarantineCommands>().RetryAsync(
            Name, new RowChoice("", [], All: true), ShopScenario.Operator, CancellationToken.None);
        Assert.Equal(new RetryResult(1, 0, 0, 0), retried);

        await shop.WaitForStatusAsync(MigrationStatus.Completed);
        Assert.Equal(8, await shop.Target.ScalarAsync<int>("select n from account where id = 777"));
        Assert.Equal(Rows - 1, await shop.Target.ScalarAsync<long>("select count(*) from account where n = 1"));
    }

    [Fact]
    public async Task A_partitioned_table_is_swept_as_a_whole()
    {
        await using var shop = await StartAsync(
            """
            create table review (id int primary key);
            create table account (id int primary key, n int not null default 0) partition by range (id);
            create table account_0 partition of account for values from (0) to (9000);
            create table account_1 partition of account for values from (9000) to (30000);
            insert into account select i from generate_series(1, 20000) as i;
            """,
            Count("account"));
        await using var worker = shop.StartWorker();
        await shop.WaitForStatusAsync(MigrationStatus.Completed);

        Assert.Equal((4 * 40L, (long)Rows), (await VisitsAsync(shop), await shop.Target.ScalarAsync<long>("select count(*) from account where n = 1")));
    }

    /// <summary>Its statement must stand being applied to a row twice, as the README says: an UPDATE may move it into a block that is still to come.</summary>
    [Fact]
    public async Task A_table_by_blocks_is_swept_by_its_keys_too()
    {
        await using var shop = await StartAsync(Accounts, Count("account")
            .Replace("sql: update", "by: blocks\n        sql: update", StringComparison.Ordinal)
            .Replace("n + 1 where {range}", "n + 1 where {range} and n = 0", StringComparison.Ordinal));
        var blocks = await shop.Target.ScalarAsync<long>("select pg_relation_size('account') / 8192");
        await using var worker = shop.StartWorker();
        await shop.WaitForStatusAsync(MigrationStatus.Completed);

        Assert.Equal((4 * blocks, (long)Rows), (await VisitsAsync(shop), await shop.Target.ScalarAsync<long>("select count(*) from account where n = 1")));
    }

    /// <summary>There is little to be won where the rows lie in another order, and nothing in a small table, or where an index follows.</summary>
    [Theory]
    [InlineData("create table account (id uuid primary key, n int not null default 0)", "gen_random_uuid()", 1)]
    [InlineData("create table account (id int primary key, n int not null default 0)", "i", 2048)]
    [InlineData("create table account (id int primary key, n int not null default 0); create index on account (id) where n = 0", "i", 1)]
    public async Task A_table_is_filled_in_one_go(string table, string key, long from)
    {
        await using var shop = await StartAsync(
            $"create table review (id int primary key); {table}; insert into account select {key} from generate_series(1, 20000) as i;", Count("account"), from);
        await using var worker = shop.StartWorker();
        await shop.WaitForStatusAsync(MigrationStatus.Completed);

        Assert.Equal((40L, (long)Rows), (await VisitsAsync(shop), await shop.Target.ScalarAsync<long>("select count(*) from account where n = 1")));
    }

    private const string Header =
        $$"""
        migration: {{Name}}
        target: shop
        versions:
          shop-api: { uses_new_from: 2, free_of_old_from: 2 }
        operations:

        """;

    private static string Count(string table) => Header + Backfill(table);

    private static string Backfill(string table) =>
        $$"""
          - raw_sql:
              backfill:
                table: {{table}}
                sql: update {{table}} set n = n + 1 where {range}
                verify: select count(*) from {{table}} where {range} and n <> 1
              contract: comment on table {{table}} is 'done'

        """;

    private static async Task<ShopScenario> StartAsync(string tables, string spec, long from = 1)
    {
        var shop = await ShopScenario.CreateAsync(tables: tables, configure: options => options.SweepFromBlocks = from);
        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.PlanAsync(spec);
        await shop.Commands.StartAsync(Name, ShopScenario.Operator, CancellationToken.None);
        return shop;
    }

    private static Task<long> VisitsAsync(ShopScenario shop) =>
        shop.Target.ScalarAsync<long>("select sum(hi - lo)::bigint from coordinator.ledger where state = 'done'");
}
