using Coordinator.Postgres.Sync;
using Npgsql;

namespace Coordinator.Postgres.Tests.Sync;

/// <summary>The NULL-filling trigger, as the application's role.</summary>
public sealed class FillTriggerTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    [Theory]
    [InlineData("insert into {0} (id, a) values (9, 'x')", "x-9")]
    [InlineData("insert into {0} (id, a, c) values (9, 'x', null)", "x-9")]
    [InlineData("insert into {0} (id, a, c) values (9, 'x', 'given')", "given")]
    [InlineData("insert into {0} (id, a, c) values (9, 'x', 'given'); update {0} set c = null where id = 9", "x-9")]
    [InlineData("insert into {0} (id, a) values (9, 'x'); update {0} set a = 'y' where id = 9", "x-9")]
    [InlineData("insert into {0} (id) values (9)", "none-9")]
    public async Task A_write_leaves_the_column_filled(string sql, string expected)
    {
        var trigger = await CreateAsync("coalesce(a, 'none') || '-' || id");

        await ExecuteAsync(trigger, sql);

        Assert.Equal(expected, await ReadAsync(trigger, 9));
    }

    [Fact]
    public async Task An_unrelated_update_fills_a_row_that_was_there_before()
    {
        var trigger = await CreateAsync("'f'");

        await ExecuteAsync(trigger, "update {0} set found = 1 where id = 1");

        Assert.Equal("f", await ReadAsync(trigger, 1));
    }

    /// <summary>found, new, old and tg_op are names that plpgsql knows as well; in the expression they are columns.</summary>
    [Fact]
    public async Task A_bare_name_in_the_expression_is_a_column()
    {
        var trigger = await CreateAsync("\"found\" || '/' || \"new\" || '/' || \"old\" || '/' || tg_op -- trailing");

        await ExecuteAsync(trigger, "insert into {0} (id, found, new, old, tg_op) values (9, 1, 2, 3, 4)");

        Assert.Equal("1/2/3/4", await ReadAsync(trigger, 9));
    }

    [Fact]
    public async Task A_session_that_used_the_trigger_goes_on_when_the_table_gets_another_column()
    {
        var trigger = await CreateAsync("a || '-' || id");
        await using var connection = await fixture.Target.Application.OpenConnectionAsync();
        await connection.ExecuteAsync(
            $"insert into {trigger.Table} (id, a) values (8, 'x')", [], CancellationToken.None);

        await fixture.Target.ExecuteAsOwnerAsync($"alter table {trigger.Table} add later int default 1, drop column found");
        await connection.ExecuteAsync(
            $"insert into {trigger.Table} (id, a, later) values (9, 'y', 2)", [], CancellationToken.None);

        Assert.Equal("y-9", await ReadAsync(trigger, 9));
    }

    [Fact]
    public async Task Removing_it_leaves_inserts_working_and_it_can_come_back()
    {
        var trigger = await CreateAsync("'f'");

        await fixture.Target.ExecuteAsCoordinatorAsync([.. FillTriggerSql.Drop(trigger)]);
        await ExecuteAsync(trigger, "insert into {0} (id) values (8)");
        await fixture.Target.ExecuteAsCoordinatorAsync([.. FillTriggerSql.Create(trigger)]);
        await ExecuteAsync(trigger, "insert into {0} (id) values (9)");

        Assert.Equal("f", await ReadAsync(trigger, 9));
        Assert.Equal(1L, await fixture.Target.Database.ScalarAsync<long>($"select count(*) from {trigger.Table} where id = 8 and c is null"));
    }

    [Fact]
    public async Task It_is_registered_and_checked_as_a_sync_trigger_is()
    {
        var trigger = await CreateAsync("'f'");
        Assert.Null(await CheckAsync(trigger));

        await fixture.Target.ExecuteAsOwnerAsync($"alter table {trigger.Table} disable trigger \"{trigger.TriggerName}\"");

        Assert.NotNull(await CheckAsync(trigger));
    }

    [Fact]
    public async Task Mutant_that_only_fires_when_the_column_is_named_leaves_a_null()
    {
        var trigger = await CreateAsync(
            "'f'",
            sql => sql.Replace("before insert or update on", "before insert or update of c on", StringComparison.Ordinal));

        await ExecuteAsync(trigger, "update {0} set found = 1 where id = 1");

        Assert.Null(await ReadAsync(trigger, 1));
    }

    [Fact]
    public async Task It_runs_with_coordinators_rights_and_search_path()
    {
        var trigger = await CreateAsync("current_user || ' ' || current_setting('search_path')");

        await ExecuteAsync(trigger, "insert into {0} (id) values (9)");

        Assert.Equal($"{fixture.Target.Roles.Coordinator} pg_catalog, pg_temp", await ReadAsync(trigger, 9));
    }

    private async Task<FillTrigger> CreateAsync(string expression, Func<string, string>? mutate = null)
    {
        var name = "f_" + Guid.CreateVersion7().ToString("N");
        await fixture.Target.ExecuteAsOwnerAsync(
            $"create table {name} (id int, a text, c text, found int, new int, old int, tg_op int); insert into {name} values (1)");
        var trigger = new FillTrigger
        {
            Schema = "public",
            Table = name,
            Column = "c",
            Expression = expression,
            TriggerName = FillTrigger.NameFor("public", name, "c"),
        };
        await fixture.Target.ExecuteAsCoordinatorAsync(
            [.. FillTriggerSql.Create(trigger).Select(mutate ?? (sql => sql)), FillTriggerSql.Register(trigger, "m", "fill")]);
        return trigger;
    }

    private Task<string?> CheckAsync(FillTrigger trigger) =>
        SyncTriggerCheck.RunAsync(
            fixture.Target.Coordinator, "m", "public", trigger.Table, trigger.TriggerName, CancellationToken.None);

    private async Task ExecuteAsync(FillTrigger trigger, string sql)
    {
        await using var connection = await fixture.Target.Application.OpenConnectionAsync();
        await connection.ExecuteAsync(
            sql.Replace("{0}", trigger.Table, StringComparison.Ordinal), [], CancellationToken.None);
    }

    private async Task<string?> ReadAsync(FillTrigger trigger, int id)
    {
        await using NpgsqlConnection connection = await fixture.Target.Application.OpenConnectionAsync();
        return await connection.ScalarAsync<string>(
            $"select c from {trigger.Table} where id = $1", [id], CancellationToken.None);
    }
}
