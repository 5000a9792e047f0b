namespace Coordinator.Postgres.Tests.Sync;

/// <summary>Every kind of write against the sync trigger, as the application's role.</summary>
public sealed class SyncTriggerCaseTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    [Theory]
    [InlineData("only the old side", "update {0} set o = 'b' where id = 1", 1, "b", "b")]
    [InlineData("only the new side", "update {0} set n = 'b' where id = 1", 1, "b", "b")]
    [InlineData("both sides, agreeing", "update {0} set o = 'b', n = 'b' where id = 1", 1, "b", "b")]
    [InlineData("both named, only the old one changed", "update {0} set o = 'b', n = 'a' where id = 1", 1, "b", "b")]
    [InlineData("both named, only the new one changed", "update {0} set o = 'a', n = 'b' where id = 1", 1, "b", "b")]
    [InlineData("neither side, in sync", "update {0} set other = 1 where id = 1", 1, "a", "a")]
    [InlineData("neither side, never synced", "update {0} set other = 1 where id = 2", 2, "u", "u")]
    [InlineData("neither side, NULL", "update {0} set other = 1 where id = 3", 3, null, null)]
    [InlineData("the same value again, never synced", "update {0} set o = 'u' where id = 2", 2, "u", "u")]
    [InlineData("the old side to NULL", "update {0} set o = null where id = 1", 1, null, null)]
    [InlineData("the new side to NULL", "update {0} set n = null where id = 1", 1, null, null)]
    [InlineData("the old side, never synced", "update {0} set o = 'b' where id = 2", 2, "b", "b")]
    [InlineData("the new side, never synced", "update {0} set n = 'b' where id = 2", 2, "b", "b")]
    [InlineData("the new side from NULL", "update {0} set n = 'b' where id = 3", 3, "b", "b")]
    [InlineData("the fill", "update {0} set n = o where n is distinct from o", 2, "u", "u")]
    [InlineData("insert old", "insert into {0} (id, o) values (9, 'x')", 9, "x", "x")]
    [InlineData("insert new", "insert into {0} (id, n) values (9, 'x')", 9, "x", "x")]
    [InlineData("insert both, agreeing", "insert into {0} (id, o, n) values (9, 'x', 'x')", 9, "x", "x")]
    [InlineData("insert both, new wins", "insert into {0} (id, o, n) values (9, 'x', 'y')", 9, "y", "y")]
    [InlineData("insert neither", "insert into {0} (id) values (9)", 9, null, null)]
    [InlineData("upsert old", "insert into {0} (id, o) values (1, 'x') on conflict (id) do update set o = excluded.o", 1, "x", "x")]
    [InlineData("upsert new", "insert into {0} (id, n) values (1, 'x') on conflict (id) do update set n = excluded.n", 1, "x", "x")]
    [InlineData("upsert old, never synced", "insert into {0} (id, o) values (2, 'x') on conflict (id) do update set o = excluded.o", 2, "x", "x")]
    [InlineData("upsert something else", "insert into {0} (id, other) values (2, 5) on conflict (id) do update set other = excluded.other", 2, "u", "u")]
    [InlineData("insert select", "insert into {0} (id, o) select 9, 'x'", 9, "x", "x")]
    [InlineData("update from", "update {0} as t set n = v.n from (values (1, 'x')) as v (id, n) where t.id = v.id", 1, "x", "x")]
    public async Task A_write_leaves_its_row_in_sync(string what, string sql, int id, string? old, string? @new)
    {
        var table = await SyncedTable.CreateAsync(fixture.Target);

        await table.ExecuteAsync(sql);

        Assert.True((old, @new) == await table.RowAsync(id), what);
    }

    [Theory]
    [InlineData("update {0} set o = 'x', n = 'y' where id = 1")]
    [InlineData("update {0} set o = 'x', n = 'y' where id = 2")]
    [InlineData("update {0} set o = null, n = 'y' where id = 1")]
    [InlineData("update {0} set o = 'x', n = null where id = 1")]
    public async Task Both_sides_changed_to_different_values_are_refused_with_what_to_do(string sql)
    {
        var table = await SyncedTable.CreateAsync(fixture.Target);

        var exception = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => table.ExecuteAsync(sql));

        Assert.Equal("CO010", exception.SqlState);
        Assert.Contains("Write one of them", exception.Hint, StringComparison.Ordinal);
        Assert.Equal(("a", "a"), await table.RowAsync(1));
        Assert.Equal(1, await CounterAsync(table.Trigger.ConflictsSequence));
    }

    [Fact]
    public async Task The_new_side_wins_where_the_policy_says_so()
    {
        var table = await SyncedTable.CreateAsync(
            fixture.Target, change: trigger => trigger with { OnConflict = Postgres.Sync.SyncConflict.NewWins });

        await table.ExecuteAsync("update {0} set o = 'x', n = 'y' where id = 1");

        Assert.Equal(("y", "y"), await table.RowAsync(1));
        Assert.Equal(1, await CounterAsync(table.Trigger.ConflictsSequence));
    }

    [Fact]
    public async Task A_default_of_the_old_column_reaches_the_new_one_and_never_overrides_it()
    {
        var table = await SyncedTable.CreateAsync(fixture.Target, oldType: "text not null default 'd'", rows: null);

        await table.ExecuteAsync("insert into {0} (id) values (1)");
        await table.ExecuteAsync("insert into {0} (id, n) values (2, 'x')");

        Assert.Equal(("d", "d"), await table.RowAsync(1));
        Assert.Equal(("x", "x"), await table.RowAsync(2));
    }

    [Fact]
    public async Task A_new_version_may_insert_without_the_old_column_that_is_not_null()
    {
        var table = await SyncedTable.CreateAsync(fixture.Target, oldType: "text not null", rows: null);

        await table.ExecuteAsync("insert into {0} (id, n) values (1, 'x')");

        Assert.Equal(("x", "x"), await table.RowAsync(1));
    }

    [Fact]
    public async Task Copy_leaves_its_rows_in_sync()
    {
        var table = await SyncedTable.CreateAsync(fixture.Target, rows: null);
        await using var connection = await fixture.Target.Application.OpenConnectionAsync();

        await using (var copy = await connection.BeginTextImportAsync($"copy {table.Name} (id, o, n) from stdin"))
        {
            await copy.WriteAsync("1\tx\t\\N\n2\t\\N\ty\n3\t\\N\t\\N\n");
        }

        Assert.Equal(("x", "x"), await table.RowAsync(1));
        Assert.Equal(("y", "y"), await table.RowAsync(2));
        Assert.Equal((null, null), await table.RowAsync(3));
    }

    [Fact]
    public async Task Only_writes_through_the_old_side_are_counted()
    {
        var table = await SyncedTable.CreateAsync(fixture.Target);
        Assert.Equal(0, await table.OldWritesAsync());

        await table.ExecuteAsync("update {0} set n = o where n is distinct from o");
        await table.ExecuteAsync("update {0} set other = 1");
        await table.ExecuteAsync("update {0} set n = 'x' where id = 1");
        await table.ExecuteAsync("insert into {0} (id, n) values (8, 'x')");
        Assert.Equal(0, await table.OldWritesAsync());

        await table.ExecuteAsync("update {0} set o = 'y' where id in (1, 2)");
        await table.ExecuteAsync("insert into {0} (id, o) values (9, 'x')");
        Assert.Equal(3, await table.OldWritesAsync());
    }

    private Task<long> CounterAsync(string sequence) =>
        fixture.Target.Database.ScalarAsync<long>(
            $"select case when is_called then last_value else 0 end from coordinator.\"{sequence}\"");
}
