using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Quarantine;
using Npgsql;

namespace Coordinator.Postgres.Verification;

/// <summary>
/// Brings single rows in sync with the backfill's own statement, each in a transaction of its own under the migration's fence, as a
/// batch runs: the row is found by its key and locked, looked at once more, and written only if it still differs.
/// </summary>
public sealed class RowRepair
{
    private readonly NpgsqlDataSource _source;
    private readonly string _migration;
    private readonly TableName _table;
    private readonly string _statement;
    private readonly string _disagree;
    private readonly string? _trigger;

    /// <summary>Opens nothing.</summary>
    /// <param name="source">The target.</param>
    /// <param name="migration">The migration.</param>
    /// <param name="table">The table, or one leaf of a partitioned one.</param>
    /// <param name="statement">The backfill's statement, with the bounds of a range as $1 and $2.</param>
    /// <param name="disagreeSql">Boolean SQL over the row, true where it is wrong.</param>
    /// <param name="trigger">The trigger that has to be in place; null where there is none.</param>
    public RowRepair(
        NpgsqlDataSource source, string migration, TableName table, string statement, string disagreeSql, string? trigger)
    {
        ArgumentNullException.ThrowIfNull(source);
        _source = source;
        _migration = migration;
        _table = table;
        _statement = statement;
        _disagree = disagreeSql;
        _trigger = trigger;
    }

    /// <summary>Repairs one row.</summary>
    /// <exception cref="PostgresException">
    /// CO002 or CO008 when the migration is paused or its contract has begun, CO007 when the sync trigger is broken, or what the
    /// statement raised that is no row's fault.
    /// </exception>
    public Task<RepairOutcome> RunAsync(WrongRow row, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        return RowTransaction.RunAsync(
            _source,
            _migration,
            _table,
            _trigger,
            connection => ApplyAsync(connection, row, cancellationToken),
            busy: RepairOutcome.StillWrong,
            cancellationToken);
    }

    private async Task<RepairOutcome> ApplyAsync(NpgsqlConnection connection, WrongRow row, CancellationToken cancellationToken)
    {
        var key = await RowKey.ReadAsync(connection, _table, cancellationToken);
        var places = await connection.QueryAsync(
            $"""
            select t.ctid::text from only {_table.Sql} as t
             where {key.IsNamedByParameter} and ({_disagree}
             ) for no key update of t
            """,
            [key.IsPlace ? $"{{\"ctid\": \"{row.Place}\"}}" : row.Key],
            found => found.GetString(0),
            cancellationToken);
        if (places.Count == 0)
        {
            return RepairOutcome.AlreadyRight;
        }

        var failed = await connection.QueryAsync(
            "select failed_sqlstate is not null from coordinator.apply_row($1, $2::tid)",
            [_statement, places[0]],
            answer => answer.GetBoolean(0),
            cancellationToken);
        return failed[0] ? RepairOutcome.StillWrong : RepairOutcome.Repaired;
    }
}
