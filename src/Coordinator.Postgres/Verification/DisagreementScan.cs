using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Quarantine;
using Npgsql;

namespace Coordinator.Postgres.Verification;

/// <summary>
/// Counts the rows of a table for which a condition holds that should hold for none. It reads block range by block
/// range, each in a short statement with a snapshot of its own, so no old snapshot is held in the target. A row that
/// moves between ranges meanwhile was written under the sync trigger, which leaves it in sync.
/// </summary>
public static class DisagreementScan
{
    private const long BlocksPerStatement = 2048;
    private const int MaxSamples = 5;

    /// <summary>Scans the whole table, as it is large now, without the rows that the migration has in quarantine: those are known.</summary>
    public static Task<DisagreementReport> RunOutsideQuarantineAsync(
        NpgsqlDataSource source, string schema, string table, string disagreeSql, string migration, CancellationToken cancellationToken) =>
        RunAsync(source, schema, table, disagreeSql, loBlock: 0, hiBlock: null, migration, cancellationToken);

    /// <summary>Scans the blocks from <paramref name="loBlock"/> up to, without, <paramref name="hiBlock"/>.</summary>
    /// <param name="source">The target.</param>
    /// <param name="schema">The table's schema, unquoted.</param>
    /// <param name="table">The table, unquoted; of a partitioned table each leaf is scanned by its own name.</param>
    /// <param name="disagreeSql">Boolean SQL over the row, true where the row is wrong; quoted column names, no parameters.</param>
    /// <param name="loBlock">The first block.</param>
    /// <param name="hiBlock">The first block that is not scanned; null for the table's size now.</param>
    /// <param name="cancellationToken">Ends the scan between, or in, its statements.</param>
    public static Task<DisagreementReport> RunAsync(
        NpgsqlDataSource source,
        string schema,
        string table,
        string disagreeSql,
        long loBlock,
        long? hiBlock,
        CancellationToken cancellationToken) =>
        RunAsync(source, schema, table, disagreeSql, loBlock, hiBlock, migration: null, cancellationToken);

    private static async Task<DisagreementReport> RunAsync(
        NpgsqlDataSource source,
        string schema,
        string table,
        string disagreeSql,
        long loBlock,
        long? hiBlock,
        string? migration,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentException.ThrowIfNullOrWhiteSpace(disagreeSql);
        var name = new TableName(schema, table);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var known = migration is null
            ? null
            : new Known(migration, (await RowKey.ReadAsync(connection, name, cancellationToken)).IsNotQuarantined(name));
        var end = hiBlock ?? await SizeAsync(connection, name, cancellationToken);
        long count = 0;
        var samples = new List<string>();
        for (var lo = loBlock; lo < end; lo += BlocksPerStatement)
        {
            var hi = Math.Min(end, lo + BlocksPerStatement);
            var found = await ScanAsync(connection, name, disagreeSql, known, lo, hi, cancellationToken);
            if (found.Count > 0)
            {
                // Only what is still wrong in a second snapshot is a difference.
                found = await ScanAsync(connection, name, disagreeSql, known, lo, hi, cancellationToken);
            }

            count += found.Count;
            samples.AddRange(found.Samples.Take(MaxSamples - samples.Count));
        }

        return new DisagreementReport(count, samples);
    }

    private static async Task<long> SizeAsync(
        NpgsqlConnection connection, TableName table, CancellationToken cancellationToken) =>
        await connection.ScalarAsync<long>(
            """
            select pg_catalog.pg_relation_size(pg_catalog.to_regclass($1))
                   / pg_catalog.current_setting('block_size')::bigint
            """,
            [table.Sql],
            cancellationToken);

    private static async Task<DisagreementReport> ScanAsync(
        NpgsqlConnection connection,
        TableName table,
        string disagreeSql,
        Known? known,
        long lo,
        long hi,
        CancellationToken cancellationToken)
    {
        var rows = await connection.QueryAsync(
            $"""
            select count(*), coalesce((array_agg(place order by place))[1:{MaxSamples}]::text[], array[]::text[])
              from (select ctid as place from only {table.Sql}
                     where ctid >= pg_catalog.format('(%s,0)', $1::bigint)::tid
                       and ctid < pg_catalog.format('(%s,0)', $2::bigint)::tid
                       and ({disagreeSql}
            ) {(known is null ? "" : $"and {known.IsUnknown}")}) as wrong
            """,
            known is null ? [lo, hi] : [lo, hi, known.Migration, table.Sql],
            row => new DisagreementReport(row.GetInt64(0), row.GetFieldValue<string[]>(1)),
            cancellationToken);
        return rows[0];
    }

    private sealed record Known(string Migration, string IsUnknown);
}
