using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Sync;
using Coordinator.Postgres.Tests.Sync;
using Coordinator.Postgres.Verification;
using Npgsql;

namespace Coordinator.Postgres.Tests.Verification;

/// <summary>Whoever can have written past the trigger has left a trace; whoever can't has not.</summary>
public sealed class TableEvidenceTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    [Fact]
    public async Task Writes_and_everyday_chores_leave_no_trace()
    {
        var table = await SyncedTable.CreateAsync(fixture.Target);
        var before = await ReadAsync(table);

        await table.ExecuteAsync("update {0} set o = 'x'");
        await table.ExecuteAsync("insert into {0} values (9, 'y', null, 1)");
        await OwnerAsync(table, "create index on {0} (n)");
        await OwnerAsync(table, "alter table {0} add constraint c check (n <> 'q') not valid");
        await OwnerAsync(table, "alter table {0} validate constraint c");
        await OwnerAsync(table, "alter table {0} alter column other set not null, alter column other set default 1", "update {0} set other = 1 where other is null");
        await OwnerAsync(table, "analyze {0}");
        await OwnerAsync(table, "vacuum (freeze) {0}");
        await fixture.Target.Database.ExecuteAsync("vacuum (freeze) pg_trigger");
        await fixture.Target.Database.ExecuteAsync("vacuum (freeze) pg_proc");

        Assert.NotEqual("", before.Hash);
        Assert.Equal(before, await ReadAsync(table));
        await GuardAsync(table, before.Hash);
    }

    [Theory]
    [InlineData("alter table {0} disable trigger {1}; alter table {0} enable always trigger {1}")]
    [InlineData("alter table {0} disable trigger all; update {0} set n = 'z'; alter table {0} enable always trigger {1}")]
    [InlineData("alter function coordinator.{1}() set work_mem = '1MB'; alter function coordinator.{1}() reset work_mem")]
    [InlineData("alter table {0} alter column n type text using n || 'z'")]
    [InlineData("alter table {0} drop column n; alter table {0} add column n text")]
    [InlineData("truncate {0}")]
    [InlineData("create trigger zzz_later before update on {0} for each row execute function suppress_redundant_updates_trigger()")]
    [InlineData("drop table {0}")]
    public async Task Whoever_can_have_written_past_the_trigger_leaves_a_trace(string touch)
    {
        // Without a condition, because of which PostgreSQL would refuse to change the columns.
        var table = await SyncedTable.CreateAsync(fixture.Target, change: trigger => trigger with { SameType = false });
        var before = await ReadAsync(table);

        await fixture.Target.Database.ExecuteAsync(touch
            .Replace("{0}", table.Name, StringComparison.Ordinal).Replace("{1}", table.Trigger.TriggerName, StringComparison.Ordinal));

        Assert.Null(before.Problem);
        Assert.NotEqual(before.Hash, (await ReadAsync(table)).Hash);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => GuardAsync(table, before.Hash));
        Assert.Equal(TableEvidence.TouchedSqlState, refused.SqlState);
        Assert.Contains("TABLE_TOUCHED", refused.MessageText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_partition_that_comes_with_rows_or_has_its_own_trigger_disabled_is_noticed()
    {
        var name = "p_" + Guid.CreateVersion7().ToString("N");
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
            TriggerName = SyncTrigger.NameFor("public", name, "o", "n"),
        };
        await fixture.Target.ExecuteAsCoordinatorAsync([.. SyncTriggerSql.Create(trigger), SyncTriggerSql.Register(trigger, "m", "sync")]);
        var first = await ReadAsync(name, trigger.TriggerName);

        await fixture.Target.Database.ExecuteAsync(
            $"create table {name}_2 (id int, o text, n text); insert into {name}_2 values (11, 'a', null); "
            + $"alter table {name} attach partition {name}_2 for values from (10) to (20)");
        var second = await ReadAsync(name, trigger.TriggerName);
        await fixture.Target.Database.ExecuteAsync($"alter table {name}_1 disable trigger {trigger.TriggerName}");
        var third = await ReadAsync(name, trigger.TriggerName);

        Assert.Null(first.Problem);
        Assert.Equal(3, new[] { first.Hash, second.Hash, third.Hash }.Distinct().Count());
        Assert.Contains($"{name}_1", third.Problem, StringComparison.Ordinal);
    }

    private Task<TableEvidence> ReadAsync(SyncedTable table) => ReadAsync(table.Name, table.Trigger.TriggerName);

    private Task<TableEvidence> ReadAsync(string table, string trigger) =>
        TableEvidence.ReadAsync(fixture.Target.Coordinator, "m", new TableName("public", table), trigger, default);

    private async Task OwnerAsync(SyncedTable table, string sql, string? before = null)
    {
        if (before is not null)
        {
            await OwnerAsync(table, before);
        }

        await fixture.Target.ExecuteAsOwnerAsync(sql.Replace("{0}", table.Name, StringComparison.Ordinal));
    }

    private async Task GuardAsync(SyncedTable table, string hash)
    {
        var guard = TableEvidence.Guard(new TableName("public", table.Name), table.Trigger.TriggerName, hash);
        await using var connection = await fixture.Target.Coordinator.OpenConnectionAsync();
        await connection.ExecuteAsync(guard.Sql, [.. guard.Parameters], default);
    }
}
