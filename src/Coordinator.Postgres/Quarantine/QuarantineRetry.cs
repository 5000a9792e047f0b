using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Ranges;
using Npgsql;

namespace Coordinator.Postgres.Quarantine;

/// <summary>
/// Tries quarantined rows again, each in a transaction of its own under the migration's fence, as a batch runs: the row
/// is found by its key and locked, the backfill's statement is run for its place of the moment or its key, and it leaves the
/// quarantine with the commit.
/// </summary>
public sealed class QuarantineRetry
{
    private readonly NpgsqlDataSource _source;
    private readonly string _migration;
    private readonly TableName _table;
    private readonly string _statement;
    private readonly string? _trigger;

    /// <summary>
    /// The key by which the backfill hands its rows out, and by whose values its statement is bounded; none when it goes by blocks.
    /// </summary>
    public IReadOnlyList<TargetKeyColumn> Key { get; init; } = [];

    /// <summary>Opens nothing.</summary>
    /// <param name="source">The target.</param>
    /// <param name="migration">The migration.</param>
    /// <param name="table">The table that the backfill fills.</param>
    /// <param name="statement">Its statement, with the bounds of a range as $1 and $2.</param>
    /// <param name="trigger">The trigger that has to be in place; null where there is none.</param>
    public QuarantineRetry(NpgsqlDataSource source, string migration, TableName table, string statement, string? trigger)
    {
        ArgumentNullException.ThrowIfNull(source);
        _source = source;
        _migration = migration;
        _table = table;
        _statement = statement;
        _trigger = trigger;
    }

    /// <summary>Tries one row.</summary>
    /// <exception cref="PostgresException">
    /// CO002 when the migration is paused or its contract has begun, CO007 when the sync trigger is broken, or what the
    /// statement raised that is no row's fault.
    /// </exception>
    public Task<RetryOutcome> RunAsync(QuarantinedRow row, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        return RowTransaction.RunAsync(
            _source,
            _migration,
            _table,
            _trigger,
            connection => ApplyAsync(connection, row, cancellationToken),
            busy: RetryOutcome.Busy,
            cancellationToken);
    }

    private async Task<RetryOutcome> ApplyAsync(
        NpgsqlConnection connection, QuarantinedRow row, CancellationToken cancellationToken)
    {
        var key = await RowKey.ReadAsync(connection, _table, Key, cancellationToken);
        var place = await connection.QueryAsync(
            $"select {Place} from {key.From(_table)} as t where {key.IsNamedByParameter} for no key update of t",
            [row.Key],
            found => found.GetValue(0),
            cancellationToken);
        if (place.Count == 0)
        {
            // With a trigger in place, whoever moved the row wrote it right. Without one nobody knows where it is now.
            if (key.IsPlace && _trigger is null)
            {
                await NoteAsync(
                    connection, row, row.SqlState,
                    "the row is no longer at that place; look for it, and waive this entry when it is right", cancellationToken);
                return RetryOutcome.StillBad;
            }

            await DeleteAsync(connection, row, cancellationToken);
            return RetryOutcome.Gone;
        }

        var failures = await connection.QueryAsync(
            Key.Count > 0
                ? "select failed_sqlstate, failed_message from coordinator.apply_key_row($1, $2)"
                : "select failed_sqlstate, failed_message from coordinator.apply_row($1, $2::tid)",
            [_statement, place[0]],
            answer => answer.IsDBNull(0) ? ((string SqlState, string Message)?)null : (answer.GetString(0), answer.GetString(1)),
            cancellationToken);
        if (failures[0] is { } failure)
        {
            await NoteAsync(connection, row, failure.SqlState, failure.Message, cancellationToken);
            return RetryOutcome.StillBad;
        }

        await DeleteAsync(connection, row, cancellationToken);
        return RetryOutcome.Repaired;
    }

    // What the statement's bounds are for the one row.
    private string Place => Key.Count > 0
        ? $"array[{string.Join(", ", Key.Select(column => $"t.{Identifier.Quote(column.Name)}::text"))}]"
        : "t.ctid::text";

    private Task DeleteAsync(NpgsqlConnection connection, QuarantinedRow row, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(
            "delete from coordinator.quarantine where migration = $1 and step = $2 and key_hash = decode($3, 'hex')",
            [_migration, row.Step, row.Hash],
            cancellationToken);

    private Task NoteAsync(
        NpgsqlConnection connection, QuarantinedRow row, string sqlState, string message, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(
            """
            update coordinator.quarantine set sqlstate = $4, message = left($5, 1000), last_seen = clock_timestamp()
             where migration = $1 and step = $2 and key_hash = decode($3, 'hex')
            """,
            [_migration, row.Step, row.Hash, sqlState, message],
            cancellationToken);
}
