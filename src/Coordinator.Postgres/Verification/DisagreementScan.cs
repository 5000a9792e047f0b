using Coordinator.Postgres.Catalog;
using Npgsql;

namespace Coordinator.Postgres.Verification;

/// <summary>
/// A <see cref="TableScan"/> from its first range to its last, one after the other and without a pause: for small tables.
/// </summary>
public static class DisagreementScan
{
    /// <summary>Scans the whole table, as it is large now, without the rows that the migration has in quarantine: those are known.</summary>
    public static Task<DisagreementReport> RunOutsideQuarantineAsync(
        NpgsqlDataSource source, string schema, string table, string disagreeSql, string migration, CancellationToken cancellationToken) =>
        RunAsync(source, new TableName(schema, table), disagreeSql, loBlock: 0, hiBlock: null, migration, cancellationToken);

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
        RunAsync(source, new TableName(schema, table), disagreeSql, loBlock, hiBlock, migration: null, cancellationToken);

    private static async Task<DisagreementReport> RunAsync(
        NpgsqlDataSource source,
        TableName table,
        string disagreeSql,
        long loBlock,
        long? hiBlock,
        string? migration,
        CancellationToken cancellationToken)
    {
        if (await TableScan.OpenAsync(source, table, disagreeSql, migration, cancellationToken) is not { } scan)
        {
            return DisagreementReport.None;
        }

        var end = hiBlock ?? scan.Blocks;
        long count = 0;
        var samples = new List<string>();
        for (var lo = loBlock; lo < end; lo += TableScan.BlocksPerRange)
        {
            var suspects = await scan.LookAsync(lo, Math.Min(end, lo + TableScan.BlocksPerRange), cancellationToken);
            if (!suspects.AreNone)
            {
                var found = await scan.LookAgainAsync(suspects, cancellationToken);
                count += found.Count;
                samples.AddRange(found.Samples.Take(TableScan.MostSamples - samples.Count));
            }
        }

        return new DisagreementReport(count, samples);
    }
}
