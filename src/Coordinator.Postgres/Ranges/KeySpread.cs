using System.Globalization;
using Coordinator.Postgres.Catalog;
using Npgsql;

namespace Coordinator.Postgres.Ranges;

/// <summary>How a table's rows lie by their keys.</summary>
/// <param name="Blocks">How many blocks the table has, with its partitions.</param>
/// <param name="BlocksPerInterval">In how many of them the rows between two marks lie, in the mean over a few intervals.</param>
public sealed record KeySpread(long Blocks, double BlocksPerInterval)
{
    private const int Samples = 20;

    /// <summary>
    /// How often each block is met when the rows are gone over in the order of the key: 1 where they lie in it, as many times as a block
    /// has rows where they lie in none.
    /// </summary>
    public double VisitsPerBlock(long intervals) => BlocksPerInterval * intervals / Blocks;

    /// <summary>Looks at a few intervals of a pass, evenly over the key space: some thousand rows by their index.</summary>
    /// <param name="source">The target.</param>
    /// <param name="migration">The migration.</param>
    /// <param name="step">The backfill step.</param>
    /// <param name="pass">The pass, with its marks.</param>
    /// <param name="intervals">How many marks it has.</param>
    /// <param name="table">The table.</param>
    /// <param name="key">The key's columns.</param>
    /// <param name="cancellationToken">Breaks it off.</param>
    /// <exception cref="PostgresException">UndefinedTable when the table is gone.</exception>
    public static async Task<KeySpread> MeasureAsync(
        NpgsqlDataSource source,
        string migration,
        string step,
        int pass,
        long intervals,
        TableName table,
        IReadOnlyList<TargetKeyColumn> key,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(key);
        var columns = string.Join(", ", key.Select(column => $"t.{Identifier.Quote(column.Name)}"));
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand("select set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)"));
        var look = new NpgsqlBatchCommand(
            $"""
            select (select coalesce((select sum(pg_relation_size(relid)) from pg_partition_tree(c.oid) where isleaf), pg_relation_size(c.oid))::bigint
                           / current_setting('block_size')::bigint
                      from pg_class c where c.oid = $5::regclass),
                   coalesce(avg(met.blocks), 0)::float8
              from coordinator.key_mark as upto join coordinator.key_mark as behind
                on behind.migration = upto.migration and behind.step = upto.step and behind.pass = upto.pass and behind.mark = upto.mark - 1
              cross join lateral (
                select count(distinct (t.tableoid, (t.ctid::text::point)[0])) as blocks
                  from {table.Sql} as t
                 where row({columns}) > row({Bounds("behind", key)}) and row({columns}) <= row({Bounds("upto", key)})) as met
             where upto.migration = $1 and upto.step = $2 and upto.pass = $3 and upto.mark = any($4)
            """);
        foreach (var value in (object[])[migration, step, pass, Sample(intervals), table.Sql])
        {
            look.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        batch.BatchCommands.Add(look);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new KeySpread(reader.GetInt64(0), reader.GetDouble(1));
    }

    // Not the first, which has no mark before it, and not the last, which may be short.
    private static long[] Sample(long intervals) =>
        [.. Enumerable.Range(1, Samples).Select(n => Math.Max(intervals * n / (Samples + 1), 2)).Distinct()];

    private static string Bounds(string mark, IReadOnlyList<TargetKeyColumn> key) => string.Join(", ", key.Select((column, at) => string.Create(
        CultureInfo.InvariantCulture, $"({mark}.key)[{at + 1}]::pg_catalog.{Identifier.Quote(column.Type)}")));
}
