using Coordinator.Postgres.Sync;
using Npgsql;

namespace Coordinator.Postgres.Tests.Sync;

/// <summary>The condition of a plain rename's trigger: what it lets out needs nothing, and whatever needs something it calls the function for.</summary>
public sealed class SyncTriggerConditionTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    private const string Differ = "pg_catalog.record_image_ne(row(new.\"n\"), row(new.\"o\"))";

    [Theory]
    [InlineData("update {0} set other = 1 where id = 1")]
    [InlineData("update {0} set o = 'b', n = 'b' where id = 1")]
    [InlineData("update {0} set n = o where id = 2")]
    [InlineData("update {0} set o = null, n = 'u' where id = 2", true)]
    [InlineData("insert into {0} values (9, 'x', 'x')")]
    [InlineData("insert into {0} (id, n) values (9, 'x')", true)]
    [InlineData("insert into {0} (id, o) values (9, 'x')", true)]
    [InlineData("insert into {0} (id) values (9)", true)]
    [InlineData("update {0} set o = 'b' where id = 1", true)]
    [InlineData("update {0} set n = 'b' where id = 1", true)]
    [InlineData("update {0} set other = 1 where id = 2", true)]
    [InlineData("update {0} set other = 1 where id = 3", true)]
    public async Task A_row_that_is_in_sync_does_not_enter_the_function(string sql, bool enters = false)
    {
        var table = await SyncedTable.CreateAsync(fixture.Target);
        await fixture.Target.Database.ExecuteAsync(
            $"create or replace function coordinator.\"{table.Trigger.FunctionName}\"() returns trigger language plpgsql as "
            + "$$ begin raise 'entered'; end $$");

        var failure = await Record.ExceptionAsync(() => table.ExecuteAsync(sql));

        Assert.Equal(enters ? "entered" : null, (failure as PostgresException)?.MessageText);
    }

    [Fact]
    public async Task Without_the_knowledge_that_the_types_are_the_same_there_is_no_condition()
    {
        var table = await SyncedTable.CreateAsync(fixture.Target, change: trigger => trigger with { SameType = false });
        var mapped = await SyncedTable.CreateAsync(fixture.Target, change: trigger => trigger with { Up = "upper({})", Down = "upper({})" });
        var plain = await SyncedTable.CreateAsync(fixture.Target);

        Assert.Equal(("none", "none"), (await ConditionAsync(table), await ConditionAsync(mapped)));
        Assert.NotEqual("none", await ConditionAsync(plain));
    }

    [Fact]
    public async Task A_write_of_null_by_an_old_version_is_counted()
    {
        var table = await SyncedTable.CreateAsync(fixture.Target);

        Assert.Equal(2, await OldWritesOfNullAsync(table));
    }

    [Fact]
    public async Task Mutant_that_takes_two_nulls_for_a_row_in_sync_counts_too_few()
    {
        var table = await SyncedTable.CreateAsync(
            fixture.Target, mutate: sql => sql.Replace("new.\"n\" is null or ", "", StringComparison.Ordinal));

        Assert.True(await OldWritesOfNullAsync(table) < 2);
    }

    [Theory]
    [InlineData("new.\"n\" is distinct from new.\"o\"", "1.0")]
    [InlineData(Differ, "1.00")]
    public async Task Mutant_that_fires_for_unequal_sides_only_misses_another_scale(string condition, string expected)
    {
        var table = await SyncedTable.CreateAsync(
            fixture.Target, "numeric", "numeric", rows: "insert into {0} values (1, 1.0, 1.0)",
            mutate: condition == Differ ? null : sql => sql.Replace(Differ, condition, StringComparison.Ordinal));

        await table.ExecuteAsync("update {0} set o = 1.00");

        Assert.Equal(("1.00", expected), await table.RowAsync(1));
    }

    [Fact]
    public async Task Values_that_only_a_collation_takes_for_equal_are_carried_over()
    {
        await fixture.Target.Database.ExecuteAsync(
            "create collation if not exists public.blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false)");
        var table = await SyncedTable.CreateAsync(fixture.Target, "text collate public.blind", "text collate public.blind");

        await table.ExecuteAsync("update {0} set o = 'A' where id = 1");
        Assert.Equal(("A", "A"), await table.RowAsync(1));
        await table.ExecuteAsync("update {0} set n = 'a' where id = 1");
        Assert.Equal(("a", "a"), await table.RowAsync(1));
    }

    [Fact]
    public async Task A_composite_value_of_nulls_is_a_value()
    {
        await fixture.Target.Database.ExecuteAsync(
            $"create type public.two as (a int, b text); grant usage on type public.two to {fixture.Target.Roles.Owner}");
        var table = await SyncedTable.CreateAsync(
            fixture.Target, "public.two", "public.two", rows: "insert into {0} values (1, row(1, 'x'), row(1, 'x')), (2, row(null, null), null)");

        await table.ExecuteAsync("update {0} set n = row(null, null) where id = 1");
        await table.ExecuteAsync("update {0} set other = 1 where id = 2");
        Assert.Equal(("(,)", "(,)"), await table.RowAsync(1));
        Assert.Equal(("(,)", "(,)"), await table.RowAsync(2));
        Assert.Equal(0, await table.OldWritesAsync());

        await table.ExecuteAsync("update {0} set o = null where id = 1");
        await table.ExecuteAsync("update {0} set o = row(2, null) where id = 2");
        Assert.Equal((null, null), await table.RowAsync(1));
        Assert.Equal(("(2,)", "(2,)"), await table.RowAsync(2));
        Assert.Equal(2, await table.OldWritesAsync());
    }

    [Fact]
    public async Task What_an_earlier_trigger_makes_of_the_row_is_followed()
    {
        var table = await SyncedTable.CreateAsync(fixture.Target);
        await fixture.Target.ExecuteAsOwnerAsync(
            $"""
            create function f_{table.Name}() returns trigger language plpgsql as $$ begin new.o := upper(new.o); return new; end $$;
            create trigger earlier before insert or update on {table.Name} for each row execute function f_{table.Name}()
            """);

        await table.ExecuteAsync("update {0} set other = 1 where id = 1");
        await table.ExecuteAsync("insert into {0} values (9, 'x', 'x')");

        Assert.Equal(("A", "A"), await table.RowAsync(1));
        // As for any INSERT of both, the new side wins.
        Assert.Equal(("x", "x"), await table.RowAsync(9));
        Assert.Equal(1, await table.OldWritesAsync());
    }

    [Fact]
    public async Task A_trigger_that_an_older_coordinator_installed_is_checked_as_it_was_installed()
    {
        var table = await SyncedTable.CreateAsync(
            fixture.Target, mutate: sql => sql.Replace($" when (new.\"n\" is null or {Differ})", "", StringComparison.Ordinal));
        Assert.Equal("none", await ConditionAsync(table));
        Assert.Null(await CheckAsync(table, table.Name));

        await fixture.Target.ExecuteAsCoordinatorAsync([.. SyncTriggerSql.Create(table.Trigger)]);
        Assert.Contains("was given a condition", await CheckAsync(table, table.Name), StringComparison.Ordinal);

        await fixture.Target.ExecuteAsCoordinatorAsync([SyncTriggerSql.Register(table.Trigger, "m", "sync")]);
        Assert.Null(await CheckAsync(table, table.Name));
        Assert.NotEqual("none", await ConditionAsync(table));
    }

    [Fact]
    public async Task Partitions_have_the_condition_too_wherever_their_columns_are_and_whatever_they_are_called()
    {
        var name = "t_" + Guid.CreateVersion7().ToString("N");
        await fixture.Target.ExecuteAsOwnerAsync(
            $"""
            create table {name} (id int, o text, n text) partition by range (id);
            create table {name}_1 partition of {name} for values from (1) to (10);
            """);
        var trigger = new SyncTrigger
        {
            Schema = "public",
            Table = name,
            OldColumn = "o",
            NewColumn = "n",
            SameType = true,
            TriggerName = SyncTrigger.NameFor("public", name, "o", "n"),
        };
        await fixture.Target.ExecuteAsCoordinatorAsync([.. SyncTriggerSql.Create(trigger), SyncTriggerSql.Register(trigger, "m", "sync")]);
        await fixture.Target.ExecuteAsOwnerAsync(
            $"""
            create table {name}_2 (n text, gone int, o text, id int);
            alter table {name}_2 drop column gone;
            alter table {name} attach partition {name}_2 for values from (10) to (20);
            create table {name}_3 partition of {name} for values from (20) to (40) partition by range (id);
            create table "{name} WHEN (" partition of {name}_3 for values from (20) to (30);
            alter table {name}_1 rename to {name}_first;
            insert into {name} (id, o) values (1, 'a'), (11, 'b'), (21, 'c');
            update {name} set o = upper(o);
            """);

        Assert.Equal(3, await fixture.Target.Database.ScalarAsync<long>($"select count(*) from {name} where n = o and n = upper(n)"));
        foreach (var part in (string[])[name, name + "_first", name + "_2", name + "_3", name + " WHEN ("])
        {
            Assert.Null(await CheckAsync(trigger.TriggerName, part));
        }

        await fixture.Target.Database.ExecuteAsync(
            $"""
            create or replace trigger {trigger.TriggerName} before insert or update on {name} for each row
            when (new.n is distinct from new.o) execute function coordinator.{trigger.FunctionName}();
            alter table {name} enable always trigger {trigger.TriggerName}
            """);
        Assert.Contains("was changed", await CheckAsync(trigger.TriggerName, name + "_2"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Looking_at_the_condition_waits_for_nobody_who_has_the_table_locked()
    {
        var table = await SyncedTable.CreateAsync(fixture.Target);
        await using var connection = await fixture.Target.Database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await connection.ExecuteAsync($"lock table {table.Name} in access exclusive mode", [], CancellationToken.None);

        Assert.Null(await CheckAsync(table, table.Name));
    }

    [Theory]
    [InlineData("alter table {0} drop column o", PostgresErrorCodes.DependentObjectsStillExist)]
    [InlineData("alter table {0} drop column n", PostgresErrorCodes.DependentObjectsStillExist)]
    [InlineData("alter table {0} alter column o type varchar(5)", PostgresErrorCodes.FeatureNotSupported)]
    public async Task Because_of_the_condition_the_columns_stay_as_they_are(string sql, string expected)
    {
        var table = await SyncedTable.CreateAsync(fixture.Target);

        var failure = await Assert.ThrowsAsync<PostgresException>(
            () => fixture.Target.ExecuteAsOwnerAsync(sql.Replace("{0}", table.Name, StringComparison.Ordinal)));

        Assert.Equal(expected, failure.SqlState);
    }

    private static async Task<long> OldWritesOfNullAsync(SyncedTable table)
    {
        await table.ExecuteAsync("update {0} set o = null where id = 1");
        await table.ExecuteAsync("insert into {0} (id, o) values (9, null)");
        await table.ExecuteAsync("update {0} set other = 1 where id = 3");
        return await table.OldWritesAsync();
    }

    private Task<string> ConditionAsync(SyncedTable table) => fixture.Target.Database.ScalarAsync<string>(
        $"select coalesce(condition_hash, 'none') from coordinator.sync_trigger where trigger_name = '{table.Trigger.TriggerName}'");

    private Task<string?> CheckAsync(SyncedTable table, string name) => CheckAsync(table.Trigger.TriggerName, name);

    private Task<string?> CheckAsync(string trigger, string table) =>
        SyncTriggerCheck.RunAsync(fixture.Target.Coordinator, "m", "public", table, trigger, CancellationToken.None);
}
