using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Quarantine;
using Npgsql;

namespace Coordinator.Postgres.Verification;

/// <summary>
/// Looks for rows of one table for which a condition holds that should hold for none, block range by block range. Each look
/// is one statement with a snapshot of its own, so no old snapshot holds back vacuum in the target, and any number of ranges
/// may be looked at side by side. A row that moves between ranges meanwhile was written under the sync trigger, which leaves
/// it in sync; rows behind the blocks that the table had at the beginning were too.
/// </summary>
public sealed class TableScan
{
    /// <summary>16 MiB of the table: long enough to be read at full speed, short enough to stop at once.</summary>
    public const long BlocksPerRange = 2048;

    internal const int MostSamples = 5;
    private const int MostRemembered = 1000;

    private readonly NpgsqlDataSource _source;
    private readonly TableName _table;
    private readonly string _disagree;
    private readonly RowKey _key;
    private readonly string? _migration;

    private TableScan(NpgsqlDataSource source, TableName table, string disagree, RowKey key, string? migration, long blocks)
    {
        _source = source;
        _table = table;
        _disagree = disagree;
        _key = key;
        _migration = migration;
        Blocks = blocks;
    }

    /// <summary>How many blocks the table had when the scan began.</summary>
    public long Blocks { get; }

    /// <summary>Measures the table; null when it does not exist.</summary>
    /// <param name="source">The target.</param>
    /// <param name="table">The table; of a partitioned table each leaf is scanned by its own name.</param>
    /// <param name="disagreeSql">Boolean SQL over the row, true where the row is wrong; quoted column names, no parameters.</param>
    /// <param name="migration">The migration whose rows in quarantine are left out, since they are known; null to look at all.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    public static async Task<TableScan?> OpenAsync(
        NpgsqlDataSource source, TableName table, string disagreeSql, string? migration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(table);
        ArgumentException.ThrowIfNullOrWhiteSpace(disagreeSql);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await BlocksAsync(connection, table, cancellationToken) is { } blocks
            ? new TableScan(
                source, table, disagreeSql, await RowKey.ReadAsync(connection, table, cancellationToken), migration, blocks)
            : null;
    }

    /// <summary>The size of a table in blocks; null when it does not exist.</summary>
    public static async Task<long?> BlocksAsync(NpgsqlDataSource source, TableName table, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(table);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await BlocksAsync(connection, table, cancellationToken);
    }

    /// <summary>The first look at a range.</summary>
    /// <param name="lo">The first block.</param>
    /// <param name="hi">The first block behind it.</param>
    /// <param name="cancellationToken">Ends the statement in the target.</param>
    public async Task<SuspectRows> LookAsync(long lo, long hi, CancellationToken cancellationToken)
    {
        var rows = await RowsAsync(InRange, [lo, hi], cancellationToken);
        return new SuspectRows(lo, hi, [.. rows.Take(MostRemembered)], TooMany: rows.Count > MostRemembered);
    }

    /// <summary>
    /// The second look: the same rows, found by their key, or by their place where there is no key. Only what is still wrong is
    /// a difference; a row that was written since, and is right by now, or is gone, is none.
    /// </summary>
    public async Task<DisagreementReport> LookAgainAsync(SuspectRows suspects, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(suspects);
        if (suspects.TooMany)
        {
            return await CountAsync(suspects.Lo, suspects.Hi, cancellationToken);
        }

        var rows = await StillWrongAsync(suspects, cancellationToken);
        return new DisagreementReport(rows.Count, [.. rows.Take(MostSamples).Select(row => row.Name)]);
    }

    /// <summary>Those of the remembered rows that are still wrong, where they stand now.</summary>
    // The second parameter is there so that those behind it have the same numbers as in the first look.
    public Task<IReadOnlyList<WrongRow>> StillWrongAsync(SuspectRows suspects, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(suspects);
        return _key.IsPlace
            ? RowsAsync(
                "ctid = any ($1::text[]::tid[]) and $2 = 0", [suspects.Rows.Select(row => row.Place).ToArray(), 0L], cancellationToken)
            : RowsAsync(
                $"{_key.IsOneOfParameter(_table)} and $2 = 0",
                [$"[{string.Join(',', suspects.Rows.Select(row => row.Key))}]", 0L],
                cancellationToken);
    }

    private static async Task<long?> BlocksAsync(NpgsqlConnection connection, TableName table, CancellationToken cancellationToken) =>
        (await connection.QueryAsync(
            """
            select pg_catalog.pg_relation_size(pg_catalog.to_regclass($1))
                   / pg_catalog.current_setting('block_size')::bigint
            """,
            [table.Sql],
            row => row.IsDBNull(0) ? (long?)null : row.GetInt64(0),
            cancellationToken))[0];

    private const string InRange =
        "ctid >= pg_catalog.format('(%s,0)', $1::bigint)::tid and ctid < pg_catalog.format('(%s,0)', $2::bigint)::tid";

    private Task<IReadOnlyList<WrongRow>> RowsAsync(string where, object[] parameters, CancellationToken cancellationToken) => QueryAsync(
        $"""
        select ctid::text, {_key.Text(_table)} from only {_table.Sql}
         where {where} and {IsWrong} limit {MostRemembered + 1}
        """,
        parameters,
        row => new WrongRow(row.GetString(0), row.GetString(1)),
        cancellationToken);

    private async Task<DisagreementReport> CountAsync(long lo, long hi, CancellationToken cancellationToken) => (await QueryAsync(
        $"""
        select count(*), coalesce((array_agg(place order by place))[1:{MostSamples}]::text[], array[]::text[]),
               coalesce((array_agg(key order by place))[1:{MostSamples}], array[]::text[])
          from (select ctid as place, {_key.Text(_table)} as key from only {_table.Sql} where {InRange} and {IsWrong}) as found
        """,
        [lo, hi],
        row => new DisagreementReport(
            row.GetInt64(0),
            [.. row.GetFieldValue<string[]>(1).Zip(row.GetFieldValue<string[]>(2), (place, key) => new WrongRow(place, key).Name)]),
        cancellationToken))[0];

    // One message, which is one transaction: in it, text forms are the same as in a batch and in the trigger, so that keys are read
    // back as what they are, whatever the connection string sets.
    private async Task<IReadOnlyList<T>> QueryAsync<T>(
        string sql, object[] parameters, Func<NpgsqlDataReader, T> map, CancellationToken cancellationToken)
    {
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            """
            select set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, MDY', true), set_config('bytea_output', 'hex', true),
                   set_config('intervalstyle', 'postgres', true), set_config('extra_float_digits', '1', true)
            """));
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in _migration is null ? parameters : [.. parameters, _migration, _table.Sql])
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        batch.BatchCommands.Add(command);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(map(reader));
        }

        return rows;
    }

    // The line break ends a comment at the condition's end.
    private string IsWrong => $"({_disagree}\n){(_migration is null ? "" : $" and {_key.IsNotQuarantined(_table)}")}";
}
