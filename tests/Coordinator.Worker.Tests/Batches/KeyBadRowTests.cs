using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Quarantine;
using Coordinator.Postgres.Ranges;
using Coordinator.Worker.Batches;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>A batch by key with rows that can't be changed: the others are, once, and those go into quarantine by their keys.</summary>
public sealed class KeyBadRowTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    private const int Rows = 120;

    [Theory]
    [InlineData("1")]
    [InlineData("120")]
    [InlineData("1,2,3,60,119,120")]
    [InlineData("41,42,43,44,45,46,47")]
    public async Task Around_bad_rows_everything_is_done_once(string bad)
    {
        var table = await CreateAsync(bad);

        var outcome = Assert.IsType<BatchOutcome.Committed>(await table.RunAsync(Grant(table)));

        var ids = bad.Split(',');
        Assert.Equal((Rows - ids.Length, ids.Length), (outcome.Rows, outcome.BadRows));
        Assert.Equal(string.Join(';', ids.Select(id => $"{{\"id\": {id}}}")), await table.QuarantinedAsync());
        Assert.Equal(Rows - ids.Length, await table.Database.ScalarAsync<long>($"select count(*) from {table.Name} where n = 1"));
        Assert.Equal(0L, await table.Database.ScalarAsync<long>($"select count(*) from {table.Name} where n > 1"));
        Assert.IsType<BatchOutcome.AlreadyDone>(await table.RunAsync(Grant(table)));
    }

    [Fact]
    public async Task A_batch_in_the_middle_blames_none_of_its_neighbours_rows()
    {
        var table = await CreateAsync("10,60,110");
        await table.Database.ExecuteAsync($"delete from coordinator.key_mark where migration = '{table.Migration}'");
        await table.MarkAtAsync("id in (50, 70)");

        Assert.Equal(3, table.Marks);
        Assert.IsType<BatchOutcome.Committed>(await table.RunAsync(table.Grant(1, 2, Statement(table))));

        Assert.Equal("{\"id\": 60}", await table.QuarantinedAsync());
        Assert.Equal("51..70", await table.Database.ScalarAsync<string>($"select min(id) || '..' || max(id) from {table.Name} where n = 1"));
    }

    [Fact]
    public async Task More_bad_rows_than_a_batch_may_have_fail_it_whole()
    {
        var table = await CreateAsync(string.Join(',', Enumerable.Range(1, BatchProtocol.MostBadRows + 1)));

        var failed = Assert.IsType<BatchOutcome.Failed>(await table.RunAsync(Grant(table)));

        Assert.Equal(FailureKind.TooManyBadRows, failed.Kind);
        await AssertNothingAsync(table);
    }

    [Fact]
    public async Task An_error_that_no_row_causes_is_not_laid_on_rows()
    {
        var table = await CreateAsync("5");
        await table.Database.ExecuteAsync($"delete from {table.Name}");

        // Fails when it is planned, on whatever range.
        var failed = Assert.IsType<BatchOutcome.Failed>(
            await table.RunAsync(table.Grant(0, table.Marks, table.Statement($"update {table.Name} set n = 1 / 0 where {{range}}"))));

        Assert.Equal(("22012", FailureKind.Data), (failed.SqlState, failed.Kind));
        await AssertNothingAsync(table);
    }

    [Fact]
    public async Task A_composite_key_is_recorded_and_found_again_whatever_its_names_and_values()
    {
        var table = await KeyTable.CreateAsync(
            fixture.Target,
            """
            create table {0} ("it's ""odd"" %s $1" text, raw bytea, "when" timestamptz, text text, n int,
              primary key ("it's ""odd"" %s $1", raw, "when"));
            insert into {0} values (E'a''b"c\\d\n%s {$1} \u00e9', '\x00ff', 'infinity', 'poison'), ('x', '\x', '2020-01-01 12:00+02', '7');
            """);
        await table.MarkAtAsync("false");
        var statement = table.Statement($"update {table.Name} set n = text::int where {{range}}");

        Assert.Equal(1, Assert.IsType<BatchOutcome.Committed>(await table.RunAsync(table.Grant(0, 1, statement))).BadRows);

        Assert.True(await table.Database.ScalarAsync<bool>(
            $"""
            select q.key::jsonb = jsonb_build_object(
                     'raw', '\x00ff', 'when', 'infinity', 'it''s "odd" %s $1', E'a''b"c\\d\n%s {"{"}$1{"}"} \u00e9')
              from coordinator.quarantine as q where q.migration = '{table.Migration}'
            """));
        Assert.Equal(RetryOutcome.StillBad, await RetryAsync(table, statement));
        await table.Database.ExecuteAsync($"update {table.Name} set text = '8' where text = 'poison'");
        Assert.Equal(RetryOutcome.Repaired, await RetryAsync(table, statement));
        Assert.Equal(8, await table.Database.ScalarAsync<int>($"select n from {table.Name} where text = '8'"));
        Assert.Equal("", await table.QuarantinedAsync());
    }

    [Fact]
    public async Task A_row_that_is_gone_is_let_go_by_a_retry()
    {
        var table = await CreateAsync("5");
        await table.RunAsync(Grant(table));
        await table.Database.ExecuteAsync($"delete from {table.Name} where id = 5");

        Assert.Equal(RetryOutcome.Gone, await RetryAsync(table, Statement(table)));
    }

    /// <summary>It takes the batch for one of blocks: the target refuses the statement, and nothing is written.</summary>
    [Fact]
    public async Task A_worker_that_does_not_know_of_keys_writes_nothing()
    {
        var table = await CreateAsync("");

        var failed = Assert.IsType<BatchOutcome.Failed>(await table.RunAsync(Grant(table) with { Key = [] }));

        Assert.Equal(FailureKind.Configuration, failed.Kind);
        await AssertNothingAsync(table);
    }

    [Fact]
    public async Task Without_its_marks_a_batch_fails()
    {
        var table = await CreateAsync("");
        await table.Database.ExecuteAsync($"delete from coordinator.key_mark where migration = '{table.Migration}'");

        var failed = Assert.IsType<BatchOutcome.Failed>(await table.RunAsync(Grant(table)));

        Assert.Equal(("CO018", true), (failed.SqlState, failed.Message.StartsWith("KEY_MARKS_MISSING", StringComparison.Ordinal)));
        await AssertNothingAsync(table);
    }

    private static string Statement(KeyTable table) => table.Statement($"update {table.Name} set n = n + text::int / id where {{range}}");

    private static BatchGrant Grant(KeyTable table) => table.Grant(0, table.Marks, Statement(table));

    private async Task<KeyTable> CreateAsync(string bad)
    {
        var table = await KeyTable.CreateAsync(
            fixture.Target,
            $$"""
            create table {0} (id int primary key, text text, n int not null default 0);
            insert into {0} (id, text)
            select i, case when i = any ('{{{bad}}}') then 'poison' else i::text end from generate_series(1, {{Rows}}) as i;
            """);
        await table.MarkAtAsync("id % 50 = 0");
        return table;
    }

    private static async Task<RetryOutcome> RetryAsync(KeyTable table, string statement)
    {
        var retry = new QuarantineRetry(
            table.Target.Coordinator, table.Migration, new TableName("public", table.Name), statement, trigger: null)
        {
            Key = [.. table.Key.Select(column => new TargetKeyColumn(column.Name, column.Type))],
        };
        var rows = await QuarantineTable.ListAsync(
            table.Target.Coordinator, table.Migration, new QuarantineSelection([KeyTable.Step], Keys: null), ("", ""), 10, CancellationToken.None);
        return await retry.RunAsync(Assert.Single(rows), CancellationToken.None);
    }

    private static async Task AssertNothingAsync(KeyTable table)
    {
        Assert.Equal("", await table.QuarantinedAsync());
        Assert.Equal(0L, await table.Database.ScalarAsync<long>($"select count(*) from {table.Name} where n <> 0"));
        Assert.Equal(0L, await table.Database.ScalarAsync<long>(
            $"select count(*) from coordinator.ledger where migration = '{table.Migration}' and state = 'done'"));
    }
}
