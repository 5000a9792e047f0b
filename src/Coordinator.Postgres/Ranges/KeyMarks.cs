using System.Globalization;
using Coordinator.Postgres.Catalog;
using Npgsql;

namespace Coordinator.Postgres.Ranges;

/// <summary>
/// The marks at which a table's key space is cut into ranges: every <see cref="KeysPerMark"/>-th key in the order of its index, and the
/// largest. The ranges between them tile the keys up to the last mark, whatever is inserted or deleted meanwhile, the rows of the marks
/// too; rows with larger keys are younger than the walk.
/// </summary>
public static class KeyMarks
{
    /// <summary>How many rows lie between two marks when they are made.</summary>
    public const int KeysPerMark = 500;

    // A statement walks so many at once, a multiple of the keys per mark: some ten milliseconds, and a snapshot of its own.
    private const int KeysAtOnce = 100 * KeysPerMark;

    private const int RowsAtOnce = 10_000;

    /// <summary>
    /// Makes the marks of a pass; goes on behind the last one where a walk was broken off. Two walks at once can't mix: each page of marks
    /// is one transaction, and the second to write a number begins again behind it.
    /// </summary>
    /// <param name="source">The target.</param>
    /// <param name="migration">The migration.</param>
    /// <param name="step">The backfill step.</param>
    /// <param name="pass">The pass.</param>
    /// <param name="table">The table.</param>
    /// <param name="key">The columns of a unique index, in its order.</param>
    /// <param name="walked">Is told how many marks there are, after each page.</param>
    /// <param name="cancellationToken">Breaks it off.</param>
    /// <returns>How many marks the pass has.</returns>
    /// <exception cref="PostgresException">UndefinedTable when the table is gone.</exception>
    public static async Task<long> WalkAsync(
        NpgsqlDataSource source,
        string migration,
        string step,
        int pass,
        TableName table,
        IReadOnlyList<TargetKeyColumn> key,
        Func<long, Task>? walked,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(key);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        while (true)
        {
            var (last, behind) = await LastAsync(connection, migration, step, pass, cancellationToken);
            try
            {
                var marks = await PageAsync(connection, migration, step, pass, table, key, last, behind, cancellationToken);
                if (walked is not null)
                {
                    await walked(last + marks);
                }

                if (marks < KeysAtOnce / KeysPerMark)
                {
                    return last + marks;
                }
            }
            catch (PostgresException other) when (other.SqlState == PostgresErrorCodes.UniqueViolation)
            {
                // Another replica walks too, and was first with this page.
            }
        }
    }

    /// <summary>How many of the marks from 1 to <paramref name="most"/> a pass has.</summary>
    public static async Task<long> CountAsync(
        NpgsqlDataSource source, string migration, string step, int pass, long most, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await connection.ScalarAsync<long>(
            "select count(*) from coordinator.key_mark where migration = $1 and step = $2 and pass = $3 and mark between 1 and $4",
            [migration, step, pass, most],
            cancellationToken);
    }

    /// <summary>Every so many-th mark of a step's newest pass, in order, and the last.</summary>
    public static async Task<IReadOnlyList<string[]>> ReadAsync(
        NpgsqlDataSource source, string migration, string step, int every, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await connection.QueryAsync(
            """
            with newest as materialized (
                select pass, max(mark) as last from coordinator.key_mark
                where migration = $1 and step = $2 group by pass order by pass desc limit 1
            )
            select m.key from coordinator.key_mark m join newest n using (pass)
            where m.migration = $1 and m.step = $2 and (m.mark % $3 = 0 or m.mark = n.last)
            order by m.mark
            """,
            [migration, step, (long)every],
            row => row.GetFieldValue<string[]>(0),
            cancellationToken);
    }

    /// <summary>Removes the marks of older passes, whose batches can't run any more.</summary>
    public static async Task ForgetOlderAsync(
        NpgsqlDataSource source, string migration, string step, int pass, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await DeleteAsync(connection, "migration = $1 and step = $3 and pass < $4", [migration, RowsAtOnce, step, pass], cancellationToken);
    }

    /// <summary>Removes all marks of a migration.</summary>
    public static async Task ForgetAsync(NpgsqlDataSource source, string migration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        // Not there in a target in which nothing was started since it exists.
        if (await connection.ScalarAsync<bool>("select to_regclass('coordinator.key_mark') is not null", [], cancellationToken))
        {
            await DeleteAsync(connection, "migration = $1", [migration, RowsAtOnce], cancellationToken);
        }
    }

    // Short transactions: there is a mark for every 500 rows of a large table.
    private static async Task DeleteAsync(
        NpgsqlConnection connection, string which, object[] parameters, CancellationToken cancellationToken)
    {
        while (await connection.ScalarAsync<long>(
            $"""
            with gone as (
                delete from coordinator.key_mark
                where ctid = any(array(select ctid from coordinator.key_mark where {which} limit $2)) returning 1
            )
            select count(*) from gone
            """,
            parameters,
            cancellationToken) == RowsAtOnce)
        {
            // The next ten thousand.
        }
    }

    private static async Task<(long Mark, string[]? Key)> LastAsync(
        NpgsqlConnection connection, string migration, string step, int pass, CancellationToken cancellationToken)
    {
        var last = await connection.QueryAsync(
            "select mark, key from coordinator.key_mark where migration = $1 and step = $2 and pass = $3 order by mark desc limit 1",
            [migration, step, pass],
            row => (row.GetInt64(0), row.GetFieldValue<string[]>(1)),
            cancellationToken);
        return last.Count == 0 ? (0, null) : last[0];
    }

    private static async Task<int> PageAsync(
        NpgsqlConnection connection,
        string migration,
        string step,
        int pass,
        TableName table,
        IReadOnlyList<TargetKeyColumn> key,
        long last,
        string[]? behind,
        CancellationToken cancellationToken)
    {
        var columns = string.Join(", ", key.Select(column => Identifier.Quote(column.Name)));
        await using var batch = connection.CreateBatch();
        // One message, which is one transaction. Values have the text that every batch reads back as the same value; and the index is
        // walked, however the rows lie: anything else would read the whole table for every page.
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            """
            select set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, MDY', true), set_config('bytea_output', 'hex', true),
                   set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
                   set_config('enable_sort', 'off', true), set_config('jit', 'off', true), set_config('lock_timeout', '5s', true)
            """));
        var page = new NpgsqlBatchCommand(
            $"""
            insert into coordinator.key_mark (migration, step, pass, mark, key)
            select $1, $2, $3, $4 + (k.n + $5 - 1) / $5, k.key
              from (select array[{string.Join(", ", key.Select(column => $"p.{Identifier.Quote(column.Name)}::text"))}] as key,
                           row_number() over (order by {columns}) as n, count(*) over () as total
                      from (select {columns} from {table.Sql} {(behind is null ? "" : $"where {Behind(key)}")}
                             order by {columns} limit $6) as p) as k
             where k.n % $5 = 0 or k.n = k.total
            """);
        foreach (var value in (object[])[migration, step, pass, last, (long)KeysPerMark, (long)KeysAtOnce, .. behind is null ? [] : (object[])[behind]])
        {
            page.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        batch.BatchCommands.Add(page);
        await batch.ExecuteNonQueryAsync(cancellationToken);
        return (int)page.RecordsAffected;
    }

    private static string Behind(IReadOnlyList<TargetKeyColumn> key)
    {
        var columns = string.Join(", ", key.Select(column => Identifier.Quote(column.Name)));
        var bounds = string.Join(", ", key.Select((column, at) => string.Create(
            CultureInfo.InvariantCulture, $"($7)[{at + 1}]::pg_catalog.{Identifier.Quote(column.Type)}")));
        return $"row({columns}) > row({bounds})";
    }
}
