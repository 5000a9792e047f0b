using Coordinator.Postgres.Sync;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Postgres.Tests.Sync;

/// <summary>A table with a sync trigger: rows that were there before it, the application's writes after it.</summary>
internal sealed class SyncedTable
{
    private readonly InstalledTarget _target;

    private SyncedTable(InstalledTarget target, SyncTrigger trigger)
    {
        _target = target;
        Trigger = trigger;
    }

    public SyncTrigger Trigger { get; }

    /// <summary>The table's name in SQL; schema public, no quoting needed.</summary>
    public string Name => Trigger.Table;

    /// <summary>
    /// Columns id, o (old), n (new), other. Row 1 is in sync ('a'), row 2 ('u') and row 3 (NULL) were never synced.
    /// </summary>
    public static async Task<SyncedTable> CreateAsync(
        InstalledTarget target,
        string oldType = "text",
        string newType = "text",
        Func<SyncTrigger, SyncTrigger>? change = null,
        Func<string, string>? mutate = null,
        string? rows = "insert into {0} values (1, 'a', 'a'), (2, 'u', null), (3, null, null)")
    {
        var name = "t_" + Guid.CreateVersion7().ToString("N");
        await target.ExecuteAsOwnerAsync($"create table {name} (id int primary key, o {oldType}, n {newType}, other int)");
        if (rows is not null)
        {
            await target.ExecuteAsOwnerAsync(rows.Replace("{0}", name, StringComparison.Ordinal));
        }

        var trigger = new SyncTrigger
        {
            Schema = "public",
            Table = name,
            OldColumn = "o",
            NewColumn = "n",
            SameType = oldType == newType,
            TriggerName = SyncTrigger.NameFor("public", name, "o", "n"),
        };
        var table = new SyncedTable(target, change?.Invoke(trigger) ?? trigger);
        var statements = SyncTriggerSql.Create(table.Trigger);
        var mutated = statements.Select(statement => mutate?.Invoke(statement) ?? statement).ToList();
        // A mutant that changed nothing would pass for the wrong reason.
        Assert.True(mutate is null || !mutated.SequenceEqual(statements), "the mutation did not apply");
        await target.ExecuteAsCoordinatorAsync([.. mutated, SyncTriggerSql.Register(table.Trigger, "m", "sync")]);
        return table;
    }

    /// <summary>Runs a statement as the application, which has no rights on schema coordinator; {0} is the table.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var command = _target.Application.CreateCommand(sql.Replace("{0}", Name, StringComparison.Ordinal));
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Both sides of a row as text.</summary>
    public async Task<(string? Old, string? New)> RowAsync(int id)
    {
        await using var connection = await _target.Application.OpenConnectionAsync();
        var rows = await connection.QueryAsync(
            $"select o::text, n::text from {Name} where id = $1", [id], row => (Text(row, 0), Text(row, 1)), CancellationToken.None);
        return Assert.Single(rows);
    }

    public Task<long> OldWritesAsync() => OldWriteCounter.ReadAsync(_target.Coordinator, Trigger, CancellationToken.None);

    /// <summary>The rows that do not agree.</summary>
    public Task<long> DisagreeingAsync() =>
        _target.Database.ScalarAsync<long>($"select count(*) from {Name} where {SyncTriggerSql.Disagree(Trigger)}");

    private static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    public async Task<string> FailureOf(string sql) =>
        (await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(sql))).SqlState;
}
