using Coordinator.Postgres.Sync;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Postgres.Tests.Sync;

/// <summary>Installing, checking and removing the trigger.</summary>
public sealed class SyncTriggerLifeTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    [Fact]
    public async Task Installing_twice_changes_nothing()
    {
        var table = await SyncedTable.CreateAsync(fixture.Target);

        await fixture.Target.ExecuteAsCoordinatorAsync(
            [.. SyncTriggerSql.Create(table.Trigger), SyncTriggerSql.Register(table.Trigger, "m", "sync")]);

        Assert.Null(await CheckAsync(table));
        await table.ExecuteAsync("update {0} set o = 'b'");
        Assert.Equal(("b", "b"), await table.RowAsync(1));
    }

    [Fact]
    public async Task A_session_that_used_the_trigger_goes_on_when_it_is_removed_and_installed_again()
    {
        var table = await SyncedTable.CreateAsync(fixture.Target);
        await using var connection = await fixture.Target.Application.OpenConnectionAsync();

        await WriteAsync(connection, table, "b");
        await fixture.Target.ExecuteAsCoordinatorAsync([.. SyncTriggerSql.Drop(table.Trigger)]);
        await WriteAsync(connection, table, "c");
        Assert.Equal(("c", "b"), await table.RowAsync(1));
        await fixture.Target.ExecuteAsCoordinatorAsync([.. SyncTriggerSql.Create(table.Trigger)]);
        await WriteAsync(connection, table, "d");

        Assert.Equal(("d", "d"), await table.RowAsync(1));
    }

    [Fact]
    public async Task Removing_trigger_and_old_column_in_one_transaction_leaves_inserts_working()
    {
        var table = await SyncedTable.CreateAsync(fixture.Target);
        await using var connection = await fixture.Target.Application.OpenConnectionAsync();
        await WriteAsync(connection, table, "b");

        await fixture.Target.ExecuteAsCoordinatorAsync(
            [.. SyncTriggerSql.Drop(table.Trigger), $"alter table {table.Name} drop column o"]);
        await connection.ExecuteAsync($"insert into {table.Name} (id, n) values (9, 'x')", [], CancellationToken.None);

        Assert.Equal(0L, await fixture.Target.Database.ScalarAsync<long>(
            $"select count(*) from pg_class where relname in ('{table.Trigger.OldWritesSequence}', '{table.Trigger.ConflictsSequence}')"));
        await fixture.Target.ExecuteAsCoordinatorAsync([.. SyncTriggerSql.Drop(table.Trigger)]);
    }

    [Fact]
    public async Task Mutant_contract_that_drops_the_column_alone_breaks_every_insert()
    {
        // Without a condition: one would keep the column from being dropped.
        var table = await SyncedTable.CreateAsync(fixture.Target, change: trigger => trigger with { SameType = false });

        await fixture.Target.ExecuteAsCoordinatorAsync($"alter table {table.Name} drop column o");

        Assert.Equal(PostgresErrorCodes.UndefinedColumn, await table.FailureOf("insert into {0} (id, n) values (9, 'x')"));
    }

    [Fact]
    public async Task The_tables_owner_goes_on_creating_and_attaching_partitions()
    {
        var name = "t_" + Guid.CreateVersion7().ToString("N");
        await fixture.Target.ExecuteAsOwnerAsync($"create table {name} (id int, o text, n text) partition by range (id)");
        var trigger = new SyncTrigger
        {
            Schema = "public",
            Table = name,
            OldColumn = "o",
            NewColumn = "n",
            TriggerName = SyncTrigger.NameFor("public", name, "o", "n"),
        };
        await fixture.Target.ExecuteAsCoordinatorAsync([.. SyncTriggerSql.Create(trigger), SyncTriggerSql.Register(trigger, "m", "sync")]);

        await fixture.Target.ExecuteAsOwnerAsync($"create table {name}_1 partition of {name} for values from (1) to (2)");
        await fixture.Target.ExecuteAsOwnerAsync($"create table {name}_2 (id int, o text, n text)");
        await fixture.Target.ExecuteAsOwnerAsync($"alter table {name} attach partition {name}_2 for values from (2) to (3)");
        await fixture.Target.ExecuteAsOwnerAsync($"insert into {name} (id, o) values (1, 'a'), (2, 'b')");

        Assert.Equal(2L, await fixture.Target.Database.ScalarAsync<long>($"select count(*) from {name} where n = o"));
    }

    [Fact]
    public async Task A_trigger_can_be_removed_when_its_table_is_gone()
    {
        var table = await SyncedTable.CreateAsync(fixture.Target);
        await fixture.Target.ExecuteAsOwnerAsync($"drop table {table.Name}");

        await fixture.Target.ExecuteAsCoordinatorAsync([.. SyncTriggerSql.Drop(table.Trigger)]);

        Assert.Contains("not registered", await CheckAsync(table), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("alter table {0} disable trigger \"{1}\"", "ENABLE ALWAYS")]
    [InlineData("alter table {0} enable trigger \"{1}\"", "ENABLE ALWAYS")]
    [InlineData("drop trigger \"{1}\" on {0}", "missing")]
    [InlineData("create or replace trigger \"{1}\" before insert or update of o, n on {0} for each row execute function coordinator.\"{1}\"(); alter table {0} enable always trigger \"{1}\"", "no longer fires")]
    [InlineData("create or replace trigger \"{1}\" before insert on {0} for each row execute function coordinator.\"{1}\"(); alter table {0} enable always trigger \"{1}\"", "no longer fires")]
    [InlineData("create or replace trigger \"{1}\" before insert or update on {0} for each row when (new.o is not null) execute function coordinator.\"{1}\"(); alter table {0} enable always trigger \"{1}\"", "was changed")]
    [InlineData("create or replace trigger \"{1}\" before insert or update on {0} for each row when (new.n is null or new.n is distinct from new.o) execute function coordinator.\"{1}\"(); alter table {0} enable always trigger \"{1}\"", "was changed")]
    [InlineData("create or replace trigger \"{1}\" before insert or update on {0} for each row execute function coordinator.\"{1}\"(); alter table {0} enable always trigger \"{1}\"", "lost the condition")]
    [InlineData("alter table {0} rename column o to p", "was changed")]
    [InlineData("create or replace function coordinator.\"{1}\"() returns trigger language plpgsql as 'begin return new; end'", "replaced")]
    [InlineData("alter table {0} rename to {0}_x; create table {0} (id int, o text, n text)", "not the one")]
    [InlineData("create function z_{0}() returns trigger language plpgsql as 'begin return new; end'; create trigger zzz before update on {0} for each row execute function z_{0}()", "runs after")]
    public async Task A_trigger_that_was_tampered_with_is_reported(string tamper, string expected)
    {
        var table = await SyncedTable.CreateAsync(fixture.Target);
        Assert.Null(await CheckAsync(table));

        await fixture.Target.Database.ExecuteAsync(
            tamper.Replace("{0}", table.Name, StringComparison.Ordinal).Replace("{1}", table.Trigger.TriggerName, StringComparison.Ordinal));

        Assert.Contains(expected, await CheckAsync(table), StringComparison.Ordinal);
    }

    /// <summary>Installing waits for every transaction that has written the table, so no write in flight escapes it.</summary>
    [Fact]
    public async Task Installing_waits_for_a_write_in_flight()
    {
        var name = "t_" + Guid.CreateVersion7().ToString("N");
        await fixture.Target.ExecuteAsOwnerAsync($"create table {name} (id int, o text, n text)");
        var trigger = new SyncTrigger { Schema = "public", Table = name, OldColumn = "o", NewColumn = "n", TriggerName = "zz_" + name };
        await using var writer = await fixture.Target.Application.OpenConnectionAsync();
        await using var transaction = await writer.BeginTransactionAsync();
        await writer.ExecuteAsync($"insert into {name} (id, o) values (1, 'x')", [], CancellationToken.None);

        var install = fixture.Target.ExecuteAsCoordinatorAsync([.. SyncTriggerSql.Create(trigger)]);
        await Eventually.TrueAsync(
            () => fixture.Target.Database.ScalarAsync<bool>(
                $"select exists (select from pg_locks where relation = '{name}'::regclass and not granted)"),
            "the installation waits for the table's lock");
        Assert.False(install.IsCompleted);
        await transaction.CommitAsync();

        await install;
    }

    private Task<string?> CheckAsync(SyncedTable table) =>
        SyncTriggerCheck.RunAsync(
            fixture.Target.Coordinator, "m", "public", table.Name, table.Trigger.TriggerName, CancellationToken.None);

    private static Task WriteAsync(NpgsqlConnection connection, SyncedTable table, string value) =>
        connection.ExecuteAsync($"update {table.Name} set o = $1 where id = 1", [value], CancellationToken.None);
}
