using System.Text.Json;
using Coordinator.Domain.Specs;
using Npgsql;

namespace Coordinator.Engine.Leasing;

/// <summary>Reads the paces of backfills.</summary>
internal static class PaceReader
{
    private const string Sql =
        """
        select migration, shard, step, batch_blocks, least(parallelism, coalesce(max_parallel, parallelism)), not_before,
            parallelism = 0 or not_before > clock_timestamp() or fresh_until <= clock_timestamp(),
            move, signal, reading, threshold, message, since, signals::text,
            max_wait, max_parallel, batch_rows, pause_between, quiet_hours, check_sql
        from coordinator.backfill_pace
        where $1 = '' or migration = $1
        order by migration, step, shard
        """;

    /// <summary>The paces of one migration's backfills, or of all.</summary>
    public static async Task<IReadOnlyList<BackfillPace>> ReadAsync(
        CoordinationDatabase database, string? migration, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(Sql);
        command.Parameters.Add(new() { Value = migration ?? "" });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var paces = new List<BackfillPace>();
        while (await reader.ReadAsync(cancellationToken))
        {
            paces.Add(Read(reader));
        }

        return paces;
    }

    /// <summary>The same progress, with the pace of each shard.</summary>
    public static async Task<IReadOnlyList<BackfillProgress>> AddToAsync(
        CoordinationDatabase database,
        string? migration,
        IReadOnlyList<BackfillProgress> progress,
        CancellationToken cancellationToken)
    {
        if (progress.Count == 0)
        {
            return progress;
        }

        var paces = (await ReadAsync(database, migration, cancellationToken)).ToLookup(pace => (pace.Migration, pace.Step));
        return [.. progress.Select(row => row with { Paces = [.. paces[(row.Migration, row.Step)]] })];
    }

    private static BackfillPace Read(NpgsqlDataReader reader) => new()
    {
        Migration = reader.GetString(0),
        Shard = reader.GetString(1),
        Step = reader.GetString(2),
        BatchBlocks = reader.GetInt64(3),
        Parallelism = reader.GetInt32(4),
        NotBefore = Optional<DateTimeOffset>(reader, 5),
        Stopped = !reader.IsDBNull(6) && reader.GetBoolean(6),
        Move = reader.GetString(7),
        Signal = reader.GetString(8),
        Reading = Optional<double>(reader, 9),
        Threshold = Optional<double>(reader, 10),
        Message = reader.GetString(11),
        Since = Optional<DateTimeOffset>(reader, 12),
        Signals = JsonSerializer.Deserialize<List<LoadSignalRow>>(reader.GetString(13)) ?? [],
        Settings = new BackfillSettings
        {
            MaxWait = Optional<TimeSpan>(reader, 14),
            MaxParallel = Optional<int>(reader, 15),
            BatchRows = Optional<int>(reader, 16),
            PauseBetween = Optional<TimeSpan>(reader, 17),
            QuietHours = reader.IsDBNull(18) ? null : reader.GetString(18),
            Check = reader.IsDBNull(19) ? null : reader.GetString(19),
        },
    };

    private static T? Optional<T>(NpgsqlDataReader reader, int column)
        where T : struct =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<T>(column);
}
