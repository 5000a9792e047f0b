using Npgsql;
using NpgsqlTypes;

namespace Coordinator.Engine.Verification;

/// <summary>
/// What verifications found, in the coordination database. Several passes of one step may run at once, the driver's and an
/// operator's: each tells what it found when it ends; how far it is stands there for the one that began last.
/// </summary>
internal sealed class VerificationStore(CoordinationDatabase database)
{
    /// <summary>Everything that is known about a migration's verify steps, and the coordination database's clock.</summary>
    public async Task<(IReadOnlyList<VerificationRow> Rows, DateTimeOffset Now)> ReadAsync(
        string migration, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(
            """
            select clock_timestamp(), v.step, v.table_name, v.state, v.done_blocks, v.total_blocks, v.differences, v.held, v.started_at,
                v.found, v.examples, v.finished_at, v.took, v.guarded, v.evidence::text
            from (select) one left join coordinator.verification v on v.migration = $1
            order by v.step
            """);
        command.Parameters.Add(new() { Value = migration });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<VerificationRow>();
        var now = default(DateTimeOffset);
        while (await reader.ReadAsync(cancellationToken))
        {
            now = await reader.GetFieldValueAsync<DateTimeOffset>(0, cancellationToken);
            if (!await reader.IsDBNullAsync(1, cancellationToken))
            {
                rows.Add(Read(reader));
            }
        }

        return (rows, now);
    }

    /// <summary>Records that a pass begins.</summary>
    public Task BeginAsync(Guid run, string migration, string step, string table, CancellationToken cancellationToken) => ExecuteAsync(
        """
        insert into coordinator.verification (migration, step, table_name, run, state) values ($1, $2, $3, $4, 0)
        on conflict (migration, step) do update
            set table_name = excluded.table_name, run = excluded.run, state = 0, done_blocks = 0, total_blocks = 0, differences = 0,
                held = '', started_at = clock_timestamp()
        """,
        cancellationToken,
        migration,
        step,
        table,
        run);

    /// <summary>Records how far a pass is.</summary>
    public Task ProgressAsync(Guid run, VerificationTally tally, string held, CancellationToken cancellationToken) => ExecuteAsync(
        "update coordinator.verification set done_blocks = $2, total_blocks = $3, differences = $4, held = $5 where run = $1",
        cancellationToken,
        run,
        tally.DoneBlocks,
        tally.TotalBlocks,
        tally.Differences,
        held);

    /// <summary>Records what a pass found.</summary>
    public Task FinishAsync(
        Guid run, string migration, string step, VerificationResult result, CancellationToken cancellationToken) => ExecuteAsync(
        """
        update coordinator.verification
        set state = case when run = $1 then $4 else state end,
            done_blocks = case when run = $1 then $5 else done_blocks end,
            total_blocks = case when run = $1 then $5 else total_blocks end,
            differences = case when run = $1 then $6 else differences end,
            held = case when run = $1 then '' else held end,
            found = $6, examples = $7, finished_at = clock_timestamp(), took = $8, guarded = $9, evidence = $10
        where migration = $2 and step = $3
        """,
        cancellationToken,
        run,
        migration,
        step,
        (short)(result.Differences > 0 ? VerificationState.Different : VerificationState.Good),
        result.Blocks,
        result.Differences,
        string.Join(", ", result.Examples),
        result.Took,
        result.Evidence.Guarded,
        new NpgsqlParameter { Value = result.Evidence.ToJson(), NpgsqlDbType = NpgsqlDbType.Jsonb });

    /// <summary>Records that a pass was broken off.</summary>
    public Task BreakOffAsync(Guid run, CancellationToken cancellationToken) => ExecuteAsync(
        "update coordinator.verification set state = 3, held = '' where run = $1 and state = 0", cancellationToken, run);

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken, params object[] parameters)
    {
#pragma warning disable CA2100 // One of the constants above.
        await using var command = database.DataSource.CreateCommand(sql);
#pragma warning restore CA2100
        foreach (var value in parameters)
        {
            command.Parameters.Add(value as NpgsqlParameter ?? new NpgsqlParameter { Value = value });
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static VerificationRow Read(NpgsqlDataReader reader) => new()
    {
        Step = reader.GetString(1),
        Table = reader.GetString(2),
        State = (VerificationState)reader.GetInt16(3),
        DoneBlocks = reader.GetInt64(4),
        TotalBlocks = reader.GetInt64(5),
        Differences = reader.GetInt64(6),
        Held = reader.GetString(7),
        StartedAt = reader.GetFieldValue<DateTimeOffset>(8),
        Found = reader.IsDBNull(9) ? null : reader.GetInt64(9),
        Examples = reader.GetString(10),
        FinishedAt = reader.IsDBNull(11) ? null : reader.GetFieldValue<DateTimeOffset>(11),
        Took = reader.IsDBNull(12) ? TimeSpan.Zero : reader.GetTimeSpan(12),
        Guarded = reader.GetBoolean(13),
        Evidence = reader.IsDBNull(14) ? null : reader.GetString(14),
    };
}
