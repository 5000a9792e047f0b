using Npgsql;

namespace Coordinator.Postgres.Ledger;

/// <summary>
/// The ledger as the coordinator reads it: what is done is what the ledger says is done, not what a worker reported.
/// A batch whose transaction still runs looks open or is absent here.
/// </summary>
public static class LedgerReader
{
    /// <summary>Every batch of the step that any holder has claimed, in batch order.</summary>
    public static async Task<IReadOnlyList<LedgerEntry>> ReadStepAsync(
        NpgsqlDataSource source, string migration, string step, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await connection.QueryAsync(
            """
            select batch, lo, hi, epoch, lease_id, state = 'done', rows, committed_at
              from coordinator.ledger where migration = $1 and step = $2 order by batch
            """,
            [migration, step],
            row => new LedgerEntry(
                row.GetInt64(0),
                row.GetInt64(1),
                row.GetInt64(2),
                row.GetInt64(3),
                row.GetGuid(4),
                row.GetBoolean(5),
                row.IsDBNull(6) ? null : row.GetInt64(6),
                row.IsDBNull(7) ? null : row.GetFieldValue<DateTimeOffset>(7)),
            cancellationToken);
    }

    /// <summary>The step's finished batches, added up.</summary>
    public static async Task<LedgerSummary> SummaryAsync(
        NpgsqlDataSource source, string migration, string step, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync(
            """
            select count(*), coalesce(sum(hi - lo), 0)::bigint, coalesce(sum(rows), 0)::bigint
              from coordinator.ledger where migration = $1 and step = $2 and state = 'done'
            """,
            [migration, step],
            row => new LedgerSummary(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)),
            cancellationToken);
        return rows[0];
    }
}
