using Coordinator.Postgres.Sync;
using Npgsql;

namespace Coordinator.Postgres.Tests.Sync;

/// <summary>The trigger against names, settings, rights and types that others choose.</summary>
public sealed class SyncTriggerHardeningTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    [Fact]
    public async Task Hostile_names_are_only_names()
    {
        const string Table = "we\"ird'; drop table x; --\\ {} $body$";
        const string OldColumn = "old_changed";
        const string NewColumn = "new\"; '\\ sélect {}";
        var trigger = new SyncTrigger
        {
            Schema = "public",
            Table = Table,
            OldColumn = OldColumn,
            NewColumn = NewColumn,
            SameType = true,
            TriggerName = "zz \"it's\" \\ a name",
        };
        var (t, o, n) = (Quote(Table), Quote(OldColumn), Quote(NewColumn));
        await fixture.Target.ExecuteAsOwnerAsync(
            $"create table {t} ({o} text, {n} text, \"new\" int, \"candidate\" int, \"{new string('é', 31)}\" int)");

        await fixture.Target.ExecuteAsCoordinatorAsync(
            [.. SyncTriggerSql.Create(trigger), SyncTriggerSql.Register(trigger, "m'; --", "s\\")]);
        await ApplicationAsync($"insert into {t} ({o}) values ('x')");
        await ApplicationAsync($"update {t} set {n} = 'y'");

        Assert.Equal("y", await fixture.Target.Database.ScalarAsync<string>($"select {o} from {t}"));
        Assert.Null(await SyncTriggerCheck.RunAsync(
            fixture.Target.Coordinator, "m'; --", "public", Table, trigger.TriggerName, CancellationToken.None));
        await fixture.Target.ExecuteAsCoordinatorAsync([.. SyncTriggerSql.Drop(trigger)]);
        await ApplicationAsync($"insert into {t} ({o}) values ('z')");
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123")]
    public void A_name_that_postgres_would_change_is_refused(string column)
    {
        var trigger = new SyncTrigger
        {
            Schema = "public",
            Table = "t",
            OldColumn = column,
            NewColumn = "n",
            TriggerName = "zz_x",
        };

        Assert.Throws<ArgumentException>(() => SyncTriggerSql.Create(trigger));
    }

    // Of one type, the function runs under the caller's search_path.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_caller_cannot_redirect_what_the_trigger_calls(bool sameType)
    {
        Assert.Equal(("b", "b"), await WriteFromAnEvilSchemaAsync(sameType, mutate: null));
    }

    [Theory]
    [InlineData("operator(pg_catalog.=)", "=")]
    [InlineData("pg_catalog.record_image_eq", "record_image_eq")]
    [InlineData("pg_catalog.record_image_ne", "record_image_ne")]
    [InlineData("pg_catalog.nextval", "nextval")]
    public async Task Mutant_with_a_name_that_leaves_out_its_schema_is_redirected(string name, string without)
    {
        var error = await Assert.ThrowsAsync<PostgresException>(() => WriteFromAnEvilSchemaAsync(
            sameType: true, sql => sql.Replace(name, without, StringComparison.Ordinal)));

        Assert.Equal("redirected", error.MessageText);
    }

    private async Task<(string?, string?)> WriteFromAnEvilSchemaAsync(bool sameType, Func<string, string>? mutate)
    {
        var table = await SyncedTable.CreateAsync(
            fixture.Target, change: trigger => trigger with { SameType = sameType }, mutate: mutate);
        await fixture.Target.Database.ExecuteAsync(
            $"""
            drop schema if exists evil cascade;
            create schema evil;
            create function evil.record_image_eq(record, record) returns boolean language plpgsql as $$ begin raise 'redirected'; end $$;
            create function evil.record_image_ne(record, record) returns boolean language plpgsql as $$ begin raise 'redirected'; end $$;
            create function evil.num_nulls(variadic "any") returns int language internal as 'pg_num_nulls';
            create function evil.nextval(regclass) returns bigint language plpgsql as $$ begin raise 'redirected'; end $$;
            create function evil.never(text, text) returns boolean language plpgsql as $$ begin raise 'redirected'; end $$;
            create function evil.never(int, int) returns boolean language plpgsql as $$ begin raise 'redirected'; end $$;
            create operator evil.= (leftarg = text, rightarg = text, function = evil.never);
            create operator evil.= (leftarg = int, rightarg = int, function = evil.never);
            grant usage on schema evil to public;
            """);

        await using var connection = await fixture.Target.Application.OpenConnectionAsync();
        await connection.ExecuteAsync(
            $"set search_path = evil, pg_catalog, public; update public.{table.Name} set o = 'b' where id operator(pg_catalog.=) 1; "
            + $"update public.{table.Name} set other = 1 where id operator(pg_catalog.=) 2; reset search_path",
            [],
            CancellationToken.None);

        return await table.RowAsync(1);
    }

    [Fact]
    public async Task The_application_needs_no_rights_on_what_the_trigger_uses()
    {
        var table = await SyncedTable.CreateAsync(fixture.Target);

        await table.ExecuteAsync("update {0} set o = 'b'");

        Assert.Equal(
            PostgresErrorCodes.InsufficientPrivilege,
            await table.FailureOf($"select nextval('coordinator.\"{table.Trigger.OldWritesSequence}\"')"));
    }

    [Fact]
    public async Task Mutant_without_security_definer_fails_the_first_write_of_an_application()
    {
        var table = await SyncedTable.CreateAsync(
            fixture.Target, mutate: sql => sql.Replace(" security definer", "", StringComparison.Ordinal));

        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, await table.FailureOf("update {0} set o = 'b'"));
    }

    [Fact]
    public async Task A_writer_in_replica_role_leaves_its_row_in_sync()
    {
        var table = await SyncedTable.CreateAsync(fixture.Target);

        await fixture.Target.Database.ExecuteAsync(
            $"set session_replication_role = replica; update {table.Name} set o = 'b' where id = 1; reset session_replication_role");

        Assert.Equal(("b", "b"), await table.RowAsync(1));
    }

    [Fact]
    public async Task Mutant_that_is_not_enabled_always_misses_a_writer_in_replica_role()
    {
        var table = await SyncedTable.CreateAsync(
            fixture.Target, mutate: sql => sql.Replace("enable always trigger", "enable trigger", StringComparison.Ordinal));

        await fixture.Target.Database.ExecuteAsync(
            $"set session_replication_role = replica; update {table.Name} set o = 'b' where id = 1; reset session_replication_role");

        Assert.Equal(("b", "a"), await table.RowAsync(1));
    }

    [Theory]
    [InlineData("numeric", "1.0", "1.00")]
    [InlineData("json", "{\"a\":1}", "{\"a\": 1}")]
    [InlineData("float8", "0", "-0")]
    [InlineData("interval", "1 day", "24:00:00")]
    [InlineData("point", "(1,2)", "(1,3)")]
    [InlineData("xml", "<a/>", "<b/>")]
    public async Task A_write_that_equality_overlooks_or_cannot_see_is_carried_over(string type, string before, string after)
    {
        var table = await SyncedTable.CreateAsync(
            fixture.Target, type, type, rows: $"insert into {{0}} values (1, '{before}', '{before}')");

        await table.ExecuteAsync($"update {{0}} set o = '{after}'");
        Assert.Equal((after, after), await table.RowAsync(1));

        await table.ExecuteAsync($"update {{0}} set n = '{before}'");
        Assert.Equal((before, before), await table.RowAsync(1));
    }

    [Fact]
    public async Task A_lossy_pair_is_stable_under_unrelated_updates_and_repeated_fills()
    {
        var table = await SyncedTable.CreateAsync(
            fixture.Target, "varchar(3)", "text", trigger => trigger with { Down = "left({}, 3)" },
            rows: "insert into {0} values (1, 'abc', null)");
        const string Fill = "update {0} set n = o where not (n is not distinct from o or (n is not null and o is not distinct from left(n, 3)))";

        await table.ExecuteAsync("update {0} set n = 'abcdef'");
        Assert.Equal(("abc", "abcdef"), await table.RowAsync(1));
        await table.ExecuteAsync("update {0} set other = 1");
        await table.ExecuteAsync(Fill);
        await table.ExecuteAsync("update {0} set o = 'abc'");
        Assert.Equal(("abc", "abcdef"), await table.RowAsync(1));
        Assert.Equal(0, await table.DisagreeingAsync());

        await table.ExecuteAsync("update {0} set o = 'xyz'");
        Assert.Equal(("xyz", "xyz"), await table.RowAsync(1));
    }

    [Fact]
    public async Task What_the_columns_type_rounds_away_does_not_make_the_sides_disagree()
    {
        var table = await SyncedTable.CreateAsync(
            fixture.Target, "numeric(10,4)", "numeric(10,2)", rows: "insert into {0} values (1, 1.0050, null)");

        await table.ExecuteAsync("update {0} set n = o");
        await table.ExecuteAsync("update {0} set other = 1");

        Assert.Equal(("1.0050", "1.01"), await table.RowAsync(1));
    }

    [Fact]
    public async Task An_expression_means_the_same_whatever_the_session_is_set_to()
    {
        var table = await SyncedTable.CreateAsync(
            fixture.Target, "timestamptz", "text", trigger => trigger with { Up = "{}::text", Down = "{}::timestamptz" }, rows: null);

        await table.ExecuteAsync("set timezone = 'Asia/Tokyo'; insert into {0} (id, o) values (1, '2020-01-01 00:00+00'); reset timezone");
        await table.ExecuteAsync("set datestyle = 'German'; update {0} set other = 1; reset datestyle");

        Assert.Equal("2020-01-01 00:00:00+00", (await table.RowAsync(1)).New);
    }

    [Fact]
    public async Task A_placeholder_inside_a_literal_is_a_literal()
    {
        var table = await SyncedTable.CreateAsync(
            fixture.Target, "text[]", "text[]", trigger => trigger with { Up = "coalesce({}, '{}') -- trailing" }, rows: null);

        await table.ExecuteAsync("insert into {0} (id) values (1)");

        Assert.Equal((null, "{}"), await table.RowAsync(1));
    }

    [Fact]
    public async Task Two_pairs_of_one_table_do_not_disturb_each_other()
    {
        var table = await SyncedTable.CreateAsync(fixture.Target, rows: null);
        await fixture.Target.ExecuteAsOwnerAsync($"alter table {table.Name} add p text, add q text");
        var second = table.Trigger with
        {
            OldColumn = "p",
            NewColumn = "q",
            TriggerName = SyncTrigger.NameFor("public", table.Name, "p", "q"),
        };
        await fixture.Target.ExecuteAsCoordinatorAsync([.. SyncTriggerSql.Create(second)]);

        await table.ExecuteAsync("insert into {0} (id, o, q) values (1, 'x', 'y')");

        Assert.Equal(("x", "x"), await table.RowAsync(1));
        Assert.Equal("y", await fixture.Target.Database.ScalarAsync<string>($"select p from {table.Name}"));
    }

    private async Task ApplicationAsync(string sql)
    {
        await using var command = fixture.Target.Application.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
