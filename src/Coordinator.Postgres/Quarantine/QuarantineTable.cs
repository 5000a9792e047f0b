using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Ranges;
using Npgsql;

namespace Coordinator.Postgres.Quarantine;

/// <summary>The quarantine of a target: rows that backfills could not write. Workers fill it, inside their batches; this is the coordinator's side.</summary>
public static class QuarantineTable
{
    private const string Columns =
        "step, encode(key_hash, 'hex'), table_name, key, sqlstate, message, first_seen, last_seen, waived_by, waive_reason, waived_at";

    // Rows looked at in one round trip.
    private const int RowsPerMessage = 200;

    /// <summary>How many rows of a step, or of all steps, are in quarantine.</summary>
    public static async Task<QuarantineCount> CountAsync(
        NpgsqlDataSource source, string migration, string? step, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var counts = await connection.QueryAsync(
            """
            select count(*) filter (where waived_by is null), count(*) filter (where waived_by is not null)
              from coordinator.quarantine where migration = $1 and ($2 = '' or step = $2)
            """,
            [migration, step ?? ""],
            row => (Open: row.GetInt64(0), Waived: row.GetInt64(1)),
            cancellationToken);
        var example = counts[0].Open == 0
            ? []
            : await connection.QueryAsync(
                $"""
                select {Columns} from coordinator.quarantine
                 where migration = $1 and ($2 = '' or step = $2) and waived_by is null order by first_seen, key_hash limit 1
                """,
                [migration, step ?? ""],
                Read,
                cancellationToken);
        return new QuarantineCount(counts[0].Open, counts[0].Waived, example.Count == 0 ? null : example[0]);
    }

    /// <summary>Rows by step and hash, from behind the given one.</summary>
    public static async Task<IReadOnlyList<QuarantinedRow>> ListAsync(
        NpgsqlDataSource source,
        string migration,
        QuarantineSelection selection,
        (string Step, string Hash) after,
        int most,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(selection);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await connection.QueryAsync(
            $"""
            select {Columns} from coordinator.quarantine
             where migration = $1 and ($2 or step = any ($9)) and ($3 or key = any ($4)) and (not $5 or waived_by is null)
               and (step, key_hash) > ($6, decode($7, 'hex'))
             order by step, key_hash limit $8
            """,
            [
                migration, selection.Steps is null, selection.Keys is null, selection.KeyArray, selection.OnlyOpen, after.Step, after.Hash,
                most, selection.StepArray,
            ],
            Read,
            cancellationToken);
    }

    /// <summary>Lets open rows stay as they are.</summary>
    /// <returns>The keys of the rows that were waived now.</returns>
    public static async Task<IReadOnlyList<string>> WaiveAsync(
        NpgsqlDataSource source,
        string migration,
        QuarantineSelection selection,
        string by,
        string reason,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(selection);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await connection.QueryAsync(
            """
            update coordinator.quarantine set waived_by = $5, waive_reason = $6, waived_at = clock_timestamp()
             where migration = $1 and ($2 or step = any ($7)) and ($3 or key = any ($4)) and waived_by is null
            returning key
            """,
            [migration, selection.Steps is null, selection.Keys is null, selection.KeyArray, by, reason, selection.StepArray],
            row => row.GetString(0),
            cancellationToken);
    }

    /// <summary>
    /// Takes out the open rows that are right by now, because somebody wrote them, or that are gone. Where there is no
    /// condition that tells, only those that are gone; where there is no key either, none.
    /// </summary>
    /// <param name="source">The target.</param>
    /// <param name="migration">The migration.</param>
    /// <param name="step">The backfill step.</param>
    /// <param name="table">The table.</param>
    /// <param name="rangeKey">The key by which rows are handed out; none when they go by blocks.</param>
    /// <param name="disagreeSql">Boolean SQL over the row, true where it is wrong; null when nothing tells.</param>
    /// <param name="cancellationToken">Ends the look between messages.</param>
    public static async Task ClearRepairedAsync(
        NpgsqlDataSource source,
        string migration,
        string step,
        TableName table,
        IReadOnlyList<TargetKeyColumn> rangeKey,
        string? disagreeSql,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(table);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var key = await RowKey.ReadAsync(connection, table, rangeKey, cancellationToken);
        if (disagreeSql is null && key.IsPlace)
        {
            return;
        }

        var after = "";
        while (true)
        {
            var rows = await connection.QueryAsync(
                """
                select key, encode(key_hash, 'hex') from coordinator.quarantine
                 where migration = $1 and step = $2 and waived_by is null and key_hash > decode($3, 'hex') order by key_hash limit $4
                """,
                [migration, step, after, RowsPerMessage],
                row => (Key: row.GetString(0), Hash: row.GetString(1)),
                cancellationToken);
            if (rows.Count == 0)
            {
                return;
            }

            await using var batch = connection.CreateBatch();
            foreach (var row in rows)
            {
                batch.BatchCommands.Add(ClearCommand(key, table, disagreeSql, migration, step, row.Key, row.Hash));
            }

            await batch.ExecuteNonQueryAsync(cancellationToken);
            after = rows[^1].Hash;
        }
    }

    /// <summary>The rows of a step, waived or not, that are wrong at this moment; nothing of one that is gone or was put right.</summary>
    /// <param name="source">The target.</param>
    /// <param name="migration">The migration.</param>
    /// <param name="step">The backfill step.</param>
    /// <param name="table">The table.</param>
    /// <param name="disagreeSql">Boolean SQL over the row, true where it is wrong.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    public static async Task<IReadOnlyList<QuarantinedRow>> StillWrongAsync(
        NpgsqlDataSource source, string migration, string step, TableName table, string disagreeSql, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(table);
        var wrong = new List<QuarantinedRow>();
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var key = await RowKey.ReadAsync(connection, table, cancellationToken);
        var rows = await connection.QueryAsync(
            $"select {Columns} from coordinator.quarantine where migration = $1 and step = $2 order by first_seen, key_hash",
            [migration, step],
            Read,
            cancellationToken);
        foreach (var row in rows)
        {
            if (await connection.ScalarAsync<bool>(
                $"select exists (select from (select t.* from {key.From(table)} as t where {key.IsNamedByParameter}) as named where {disagreeSql})",
                [row.Key],
                cancellationToken))
            {
                wrong.Add(row);
            }
        }

        return wrong;
    }

    /// <summary>Forgets open rows that are known by their place only: the table was rewritten, and a new pass meets them again.</summary>
    public static async Task ForgetPlacesAsync(
        NpgsqlDataSource source, string migration, string step, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(
            """
            delete from coordinator.quarantine
             where migration = $1 and step = $2 and key::jsonb ? 'ctid' and key::jsonb ? 'blocks' and waived_by is null
            """,
            [migration, step],
            cancellationToken);
    }

    /// <summary>Forgets open rows of partitions that are no longer the table's.</summary>
    /// <param name="source">The target.</param>
    /// <param name="migration">The migration.</param>
    /// <param name="step">The backfill step of the whole table.</param>
    /// <param name="partitionSteps">The steps of the partitions that it has now.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task ForgetPartitionsAsync(
        NpgsqlDataSource source, string migration, string step, IReadOnlyCollection<string> partitionSteps, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(
            """
            delete from coordinator.quarantine
             where migration = $1 and starts_with(step, $2 || '-') and step <> all ($3) and waived_by is null
            """,
            [migration, step, partitionSteps.ToArray()],
            cancellationToken);
    }

#pragma warning disable CA2100 // Quoted identifiers, and a condition that the plan made; values are parameters.
    // The row is found by its key alone, before the condition is looked at.
    private static NpgsqlBatchCommand ClearCommand(
        RowKey key, TableName table, string? disagreeSql, string migration, string step, string name, string hash) =>
        new(
            $"""
            delete from coordinator.quarantine
             where migration = $2 and step = $3 and key_hash = decode($4, 'hex') and waived_by is null
               and not exists (
                 select from (select t.* from {key.From(table)} as t where {key.IsNamedByParameter}) as named where {disagreeSql ?? "true"})
            """)
        {
            Parameters = { new() { Value = name }, new() { Value = migration }, new() { Value = step }, new() { Value = hash } },
        };
#pragma warning restore CA2100

    private static QuarantinedRow Read(NpgsqlDataReader row) => new(
        row.GetString(0),
        row.GetString(1),
        row.GetString(2),
        row.GetString(3),
        row.GetString(4),
        row.GetString(5),
        row.GetFieldValue<DateTimeOffset>(6),
        row.GetFieldValue<DateTimeOffset>(7),
        row.IsDBNull(8) ? null : row.GetString(8),
        row.IsDBNull(9) ? null : row.GetString(9),
        row.IsDBNull(10) ? null : row.GetFieldValue<DateTimeOffset>(10));
}
