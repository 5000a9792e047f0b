using Coordinator.Worker.Batches;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>A batch with rows that can't be changed: the others are, and those go into quarantine, all in one transaction.</summary>
public sealed class BadRowTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    [Theory]
    [InlineData("1")]
    [InlineData("200")]
    [InlineData("77")]
    [InlineData("1,2,3,200")]
    [InlineData("30,31,32,33,90,150,151")]
    public async Task Around_bad_rows_everything_is_done(string bad)
    {
        List<int> ids = [.. bad.Split(',').Select(int.Parse)];
        var table = await PoisonedTable.CreateAsync(fixture.Target, ids);

        var outcome = Assert.IsType<BatchOutcome.Committed>(await table.RunAsync());

        Assert.Equal((PoisonedTable.Rows - ids.Count, ids.Count), (outcome.Rows, outcome.BadRows));
        Assert.Equal(bad, await table.QuarantinedAsync());
        Assert.Equal(PoisonedTable.Rows - ids.Count, await table.FilledAsync());
        Assert.Equal(1, await table.LedgerRowsAsync());
        Assert.Equal(
            "22P02: invalid input syntax for type integer: \"poison\"",
            await table.Database.ScalarAsync<string>(
                $"select distinct sqlstate || ': ' || message from coordinator.quarantine where migration = '{table.Migration}'"));
    }

    [Fact]
    public async Task A_batch_of_nothing_but_bad_rows_is_done_too()
    {
        // Two blocks, some 60 rows.
        var table = await PoisonedTable.CreateAsync(fixture.Target, [.. Enumerable.Range(1, 100)]);
        var rows = await table.Database.ScalarAsync<long>($"select count(*) from {table.Table} where ctid < '(2,0)'");

        var outcome = Assert.IsType<BatchOutcome.Committed>(await table.RunAsync(table.Grant() with { Hi = 2 }));

        Assert.InRange(rows, 40, 100);
        Assert.Equal((0, rows), (outcome.Rows, outcome.BadRows));
        Assert.Equal(0, await table.FilledAsync());
    }

    [Fact]
    public async Task More_bad_rows_than_fit_a_quarantine_are_the_statements_fault()
    {
        var table = await PoisonedTable.CreateAsync(fixture.Target, [.. Enumerable.Range(50, 101)]);

        var outcome = Assert.IsType<BatchOutcome.Failed>(await table.RunAsync());

        Assert.Equal(("CO015", FailureKind.TooManyBadRows), (outcome.SqlState, outcome.Kind));
        Assert.Contains("more than 100 rows", outcome.Message, StringComparison.Ordinal);
        Assert.Contains("\"poison\" (22P02)", outcome.Message, StringComparison.Ordinal);
        await AssertNothingAsync(table);
    }

    [Fact]
    public async Task A_row_without_a_primary_key_is_known_by_its_place()
    {
        var table = await PoisonedTable.CreateAsync(fixture.Target, name =>
            $"""
            create table {name} (text text, number int);
            insert into {name} (text) values ('1'), ('poison'), ('3');
            """);

        Assert.IsType<BatchOutcome.Committed>(await table.RunAsync());

        Assert.Equal("""{"ctid": "(0,2)", "blocks": [0, 1]}""", await KeyAsync(table));
        Assert.Equal(2, await table.FilledAsync());
    }

    [Fact]
    public async Task A_composite_key_is_recorded_with_all_its_columns_whatever_their_names_and_values()
    {
        var table = await PoisonedTable.CreateAsync(fixture.Target, name =>
            $"""
            create table {name} (
              text text, number int, "when" timestamptz, "it's ""odd"" %s $1" text, raw bytea,
              primary key ("it's ""odd"" %s $1", raw, "when"));
            insert into {name} values ('poison', null, 'infinity', E'a''b"c\\d\n%s $1 </script> \u00e9', '\x00ff');
            """);

        Assert.IsType<BatchOutcome.Committed>(await table.RunAsync());

        Assert.True(await table.Database.ScalarAsync<bool>(
            $"""
            select q.key::jsonb = jsonb_build_object(
                     'raw', '\x00ff', 'when', 'infinity', 'it''s "odd" %s $1', E'a''b"c\\d\n%s $1 </script> \u00e9')
              from coordinator.quarantine as q where q.migration = '{table.Migration}'
            """));
    }

    [Fact]
    public async Task A_key_as_long_as_a_key_can_be_is_recorded()
    {
        var table = await PoisonedTable.CreateAsync(fixture.Target, name =>
            $"""
            create table {name} (id text primary key, text text, number int);
            insert into {name} values (repeat(chr(1), 100000), 'poison');
            """);

        Assert.IsType<BatchOutcome.Committed>(await table.RunAsync());

        Assert.True(await table.Database.ScalarAsync<bool>(
            $"select length(key::jsonb ->> 'id') = 100000 from coordinator.quarantine where migration = '{table.Migration}'"));
    }

    [Fact]
    public async Task A_row_that_fails_again_in_another_batch_is_recorded_once_and_stays_waived()
    {
        var table = await PoisonedTable.CreateAsync(fixture.Target, 5);
        await table.RunAsync();
        await table.Database.ExecuteAsync($"update coordinator.quarantine set waived_by = 'ann' where migration = '{table.Migration}'");

        Assert.IsType<BatchOutcome.Committed>(await table.RunAsync(table.Grant() with { Batch = 2 }));

        Assert.Equal("5", await table.QuarantinedAsync());
        Assert.True(await table.Database.ScalarAsync<bool>(
            $"select waived_by = 'ann' and last_seen > first_seen from coordinator.quarantine where migration = '{table.Migration}'"));
    }

    [Fact]
    public async Task A_trigger_that_refuses_a_row_refuses_only_that_row()
    {
        var table = await PoisonedTable.CreateAsync(fixture.Target);
        await table.Target.ExecuteAsOwnerAsync(
            $"""
            create function {table.Table}_refuse() returns trigger language plpgsql as $f$
            begin
              raise exception using errcode = case old.id when 7 then 'P0001' else 'SHOP1' end, message = 'row ' || old.id || ' is locked by law';
            end $f$;
            create trigger refuse before update on {table.Table} for each row when (old.id in (7, 8)) execute function {table.Table}_refuse();
            """);

        Assert.IsType<BatchOutcome.Committed>(await table.RunAsync());

        Assert.Equal("7,8", await table.QuarantinedAsync());
    }

    [Fact]
    public async Task A_constraint_that_is_checked_at_the_commit_finds_its_row_too()
    {
        var table = await PoisonedTable.CreateAsync(fixture.Target);
        await table.Target.ExecuteAsOwnerAsync(
            $"""
            create table {table.Table}_parent (id int primary key);
            insert into {table.Table}_parent select n from generate_series(1, 200) as n where n <> 42;
            alter table {table.Table} add foreign key (number) references {table.Table}_parent deferrable initially deferred;
            """);

        Assert.IsType<BatchOutcome.Committed>(await table.RunAsync());

        Assert.Equal("42", await table.QuarantinedAsync());
        Assert.Equal(199, await table.FilledAsync());
    }

    [Theory]
    [InlineData("update {0} set no_such_column = 1 where ctid >= $1 and ctid < $2", "42703")]
    [InlineData("update {0} set number = no_such_function(text) where ctid >= $1 and ctid < $2", "42883")]
    public async Task A_statement_that_can_not_work_quarantines_nothing(string statement, string sqlState)
    {
        var table = await PoisonedTable.CreateAsync(fixture.Target);

        var outcome = await table.RunAsync(table.Grant(statement: statement.Replace("{0}", table.Table, StringComparison.Ordinal)));

        var failed = Assert.IsType<BatchOutcome.Failed>(outcome);
        Assert.Equal((sqlState, FailureKind.Configuration), (failed.SqlState, failed.Kind));
        await AssertNothingAsync(table);
    }

    [Fact]
    public async Task An_error_that_no_row_causes_is_not_laid_on_rows()
    {
        var table = await PoisonedTable.CreateAsync(fixture.Target, name => $"create table {name} (text text, number int)");

        // Fails when it is planned, on whatever range.
        var outcome = await table.RunAsync(
            table.Grant(statement: $"update {table.Table} set number = 1 / 0 where ctid >= $1 and ctid < $2") with { Hi = 3 });

        var failed = Assert.IsType<BatchOutcome.Failed>(outcome);
        Assert.Equal(("22012", FailureKind.Data), (failed.SqlState, failed.Kind));
        await AssertNothingAsync(table);
    }

    [Fact]
    public async Task Without_the_tables_name_a_bad_row_fails_its_batch()
    {
        var table = await PoisonedTable.CreateAsync(fixture.Target, 5);

        var failed = Assert.IsType<BatchOutcome.Failed>(await table.RunAsync(table.Grant() with { Table = null }));

        Assert.Equal(("22P02", FailureKind.Data), (failed.SqlState, failed.Kind));
        await AssertNothingAsync(table);
    }

    private static async Task AssertNothingAsync(PoisonedTable table)
    {
        Assert.Equal(0L, await table.Database.ScalarAsync<long>(
            $"select count(*) from coordinator.quarantine where migration = '{table.Migration}'"));
        Assert.Equal(0L, await table.Database.ScalarAsync<long>($"select count(number) from {table.Table}"));
        Assert.Equal(0L, await table.LedgerRowsAsync());
    }

    private static Task<string> KeyAsync(PoisonedTable table) => table.Database.ScalarAsync<string>(
        $"select key from coordinator.quarantine where migration = '{table.Migration}'");
}
