using Coordinator.Worker.Batches;
using Coordinator.Worker.Handlers;
using Coordinator.Worker.Tests.Batches;

namespace Coordinator.Worker.Tests.Handlers;

/// <summary>A handler's batch with rows that can't be filled: the others are, once, and those go into quarantine.</summary>
public sealed class HandlerBadRowTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    [Theory]
    [InlineData("1")]
    [InlineData("200")]
    [InlineData("30,31,32,33,90,150,151")]
    public async Task Around_bad_rows_everything_is_done_once(string bad)
    {
        List<int> ids = [.. bad.Split(',').Select(int.Parse)];
        var table = await HandlerTable.CreateAsync(fixture.Target, ids);

        var outcome = await table.RunAsync(table.FillAsync);

        await table.AssertDoneAroundAsync(outcome, ids);
        Assert.Equal("22P02: invalid input syntax for type integer: \"poison\"", await ErrorAsync(table));
    }

    [Fact]
    public async Task A_row_that_the_handler_can_not_fill_is_told_by_an_exception()
    {
        var table = await HandlerTable.CreateAsync(fixture.Target, 7, 8, 120);

        var outcome = await table.RunAsync(async batch =>
        {
            var rows = await batch.ReadRowsAsync(
                $"select id, text from {batch.Table} where {{range}} for no key update", row => (Id: row.GetInt32(0), Text: row.GetString(1)));
            var values = rows.Select(row => int.TryParse(row.Text, out var number)
                ? new object?[] { row.Id, number }
                : throw new BadRowException($"'{row.Text}' is no \0number\ud800")).ToList();
            return await batch.ExecuteManyAsync($"update {batch.Table} set number = $2, times = times + 1 where id = $1", values);
        });

        await table.AssertDoneAroundAsync(outcome, 7, 8, 120);
        Assert.Equal("CO017: 'poison' is no \ufffdnumber\ufffd", await ErrorAsync(table));
    }

    [Theory]
    [InlineData("add check (number <> 42)", "23514")]
    [InlineData("add constraint one unique (number) deferrable initially deferred", "23505")]
    public async Task A_constraint_finds_its_row_also_one_that_is_checked_at_the_commit(string constraint, string sqlState)
    {
        var table = await HandlerTable.CreateAsync(fixture.Target);
        await table.Poisoned.Target.ExecuteAsOwnerAsync(
            $"update {table.Name} set text = '41' where id = 42; alter table {table.Name} {constraint.Replace("42", "41", StringComparison.Ordinal)}");

        var outcome = await table.RunAsync(table.FillAsync);

        var committed = Assert.IsType<BatchOutcome.Committed>(outcome);
        Assert.Equal(sqlState == "23505" ? (199, 1) : (198, 2), (committed.Rows, committed.BadRows));
        Assert.Equal(sqlState == "23505" ? "42" : "41,42", await table.Poisoned.QuarantinedAsync());
        Assert.StartsWith(sqlState, await ErrorAsync(table), StringComparison.Ordinal);
        Assert.Equal(committed.Rows, await table.CountAsync("times = 1"));
    }

    [Fact]
    public async Task A_division_by_zero_finds_its_row_also_when_the_handler_goes_on_after_it_or_wraps_it()
    {
        foreach (var way in (string[])["thrown", "swallowed", "wrapped"])
        {
            var table = await HandlerTable.CreateAsync(fixture.Target);

            var outcome = await table.RunAsync(async batch =>
            {
                try
                {
                    return await batch.ExecuteAsync(
                        $"update {batch.Table} set number = id + 0 / (id - $1), times = times + 1 where {{range}}", 66);
                }
                catch (Npgsql.PostgresException) when (way == "swallowed")
                {
                    return 1000;
                }
                catch (Npgsql.PostgresException exception) when (way == "wrapped")
                {
                    throw new FormatException("wrapped", exception);
                }
            });

            await table.AssertDoneAroundAsync(outcome, 66);
            Assert.Equal("22012: division by zero", await ErrorAsync(table));
        }
    }

    [Fact]
    public async Task A_batch_of_nothing_but_bad_rows_is_done_too()
    {
        var table = await HandlerTable.CreateAsync(fixture.Target);
        var rows = await table.CountAsync("ctid < '(2,0)'");

        var outcome = await table.RunAsync(
            async batch =>
            {
                await table.FillAsync(batch);
                throw new BadRowException("none of them");
            },
            table.Poisoned.Grant() with { Hi = 2 });

        var committed = Assert.IsType<BatchOutcome.Committed>(outcome);
        Assert.InRange(rows, 2, 100);
        Assert.Equal((0, rows), (committed.Rows, committed.BadRows));
        Assert.Equal(0, await table.CountAsync("times > 0"));
    }

    [Fact]
    public async Task More_bad_rows_than_fit_a_quarantine_are_the_handlers_fault()
    {
        var table = await HandlerTable.CreateAsync(fixture.Target, [.. Enumerable.Range(50, 101)]);

        var outcome = await table.RunAsync(table.FillAsync);

        var failed = Assert.IsType<BatchOutcome.Failed>(outcome);
        Assert.Equal(("CO015", FailureKind.TooManyBadRows), (failed.SqlState, failed.Kind));
        Assert.Contains("\"poison\" (22P02)", failed.Message, StringComparison.Ordinal);
        await table.AssertNothingAsync();
    }

    [Fact]
    public async Task An_error_that_no_row_causes_is_not_laid_on_rows()
    {
        var table = await HandlerTable.CreateAsync(fixture.Target);
        await table.Poisoned.Target.ExecuteAsOwnerAsync($"delete from {table.Name}");

        var failed = Assert.IsType<BatchOutcome.Failed>(
            await table.RunAsync(batch => batch.ExecuteAsync($"update {batch.Table} set number = 1 / 0 where {{range}}")));

        Assert.Equal(("22012", FailureKind.Data), (failed.SqlState, failed.Kind));
        await table.AssertNothingAsync();
    }

    /// <summary>Every part would do the work of all.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_handler_that_chooses_its_rows_by_itself_fails_as_a_whole_and_is_told_why(bool thrown)
    {
        var table = await HandlerTable.CreateAsync(fixture.Target, 5);
        var calls = 0;

        var outcome = await table.RunAsync(async batch =>
        {
            calls++;
            await batch.ReadRowsAsync($"select 1 from {batch.Table} where {{range}}", row => row.GetInt32(0));
            var rows = $"ctid >= '({batch.FirstBlock},0)' and ctid < '({batch.EndBlock},0)'";
            return thrown ? throw new BadRowException("no") : await batch.ExecuteAsync($"update {batch.Table} set number = text::int where {rows}");
        });

        Assert.Equal(1, calls);
        Assert.Contains("FirstBlock", outcome switch
        {
            BatchOutcome.Failed { SqlState: "22P02", Kind: FailureKind.Data } failed when !thrown => failed.Message,
            BatchOutcome.HandlerFailed failed when thrown => failed.Message,
            _ => outcome.ToString(),
        }, StringComparison.Ordinal);
        await table.AssertNothingAsync();
    }

    [Fact]
    public async Task A_table_whose_rows_may_not_be_locked_has_its_batch_fail_as_a_whole_with_what_to_do()
    {
        var table = await HandlerTable.CreateAsync(fixture.Target, 5);
        await table.Poisoned.Target.ExecuteAsOwnerAsync(
            $"""
            create table {table.Name}_copy (id int, number int);
            grant insert on {table.Name}_copy to {fixture.Target.Roles.Worker};
            revoke update on {table.Name} from public, {fixture.Target.Roles.Worker};
            """);
        var copy = $"insert into {table.Name}_copy select id, text::int from {table.Name} where {{range}}";

        var failed = Assert.IsType<BatchOutcome.Failed>(await table.RunAsync(batch => batch.ExecuteAsync(copy)));

        Assert.Equal(("22P02", FailureKind.Data), (failed.SqlState, failed.Kind));
        Assert.Contains("grant it UPDATE on a column", failed.Message, StringComparison.Ordinal);
        Assert.Equal(0, await table.Database.ScalarAsync<long>($"select count(*) from {table.Name}_copy"));
        await table.AssertNothingAsync();
    }

    [Fact]
    public async Task A_part_has_a_key_of_its_own_and_a_row_has_one_key_wherever_it_comes()
    {
        var table = await HandlerTable.CreateAsync(fixture.Target, 90);
        List<(bool IsPart, string Key, string Rows, string RowKey)> calls = [];
        var away = true;
        Func<BatchContext, Task<long>> note = async batch =>
        {
            var ids = await batch.ReadRowsAsync($"select id from {batch.Table} where {{range}} order by id", row => row.GetInt32(0));
            calls.Add((batch.IsPart, batch.IdempotencyKey, string.Join(',', ids), batch.IdempotencyKeyOf("42")));
            return away && calls.Count == 4 ? throw new FormatException("the service is away") : await table.FillAsync(batch);
        };

        Assert.IsType<BatchOutcome.HandlerFailed>(await table.RunAsync(note));
        // Rows that were moved meanwhile are the same rows.
        await table.Database.ExecuteAsync($"update {table.Name} set pad = 'moved' where id = 3");
        var first = calls.ToList();
        calls.Clear();
        away = false;
        await table.RunAsync(note, table.Poisoned.Grant(epoch: 2));

        var name = $"{table.Poisoned.Migration}//fill/1";
        Assert.Equal((false, name), (calls[0].IsPart, calls[0].Key));
        Assert.All(calls.Skip(1), call => Assert.True(call.IsPart && call.Key.StartsWith(name + "/part-", StringComparison.Ordinal)));
        Assert.All(first.Concat(calls), call => Assert.Equal(name + "/row-42", call.RowKey));
        Assert.Equal(calls.Count, calls.Select(call => call.Rows).Distinct().Count());
        Assert.Equal(calls.Count, calls.Select(call => call.Key).Distinct().Count());
        Assert.Equal(4, first.Count);
        Assert.Contains(first.Skip(1), before => calls.Exists(call => call.Rows == before.Rows && call.Key == before.Key));
    }

    /// <summary>The engine, and batches of statements, have a row's key made by a function of the target.</summary>
    [Theory]
    [InlineData("primary key (\"it's \"\"odd\"\" %s $1\", raw, \"when\")")]
    [InlineData("check (true)")]
    public async Task A_rows_key_is_the_one_that_the_target_makes(string constraint)
    {
        var poisoned = await PoisonedTable.CreateAsync(fixture.Target, name =>
            $"""
            create table {name} (text text, number int, "when" timestamptz, "it's ""odd"" %s $1" text, raw bytea, {constraint});
            insert into {name} values ('1', null, 'now', 'a', ''), ('poison', null, 'infinity', E'a''b"c\\d\n%s $1 </script> \u00e9', '\x00ff');
            """);
        var table = new HandlerTable(poisoned);

        var outcome = await table.RunAsync(batch => batch.ExecuteAsync($"update {batch.Table} set number = text::int where {{range}}"));

        Assert.Equal(1, Assert.IsType<BatchOutcome.Committed>(outcome).BadRows);
        Assert.True(await table.Database.ScalarAsync<bool>(
            $"select key = coordinator.key_of_row('{table.Name}', '(0,2)', 0, 1) from coordinator.quarantine where migration = '{poisoned.Migration}'"));
    }

    private static Task<string> ErrorAsync(HandlerTable table) => table.Database.ScalarAsync<string>(
        $"select distinct sqlstate || ': ' || message from coordinator.quarantine where migration = '{table.Poisoned.Migration}' limit 1");
}
