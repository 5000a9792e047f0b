using Npgsql;

namespace Coordinator.EventStore.Tests.Reading;

/// <summary>
/// Wrong ways to find the mark, each of them in use somewhere. They are here so that the test that the store passes is
/// known to be one that they fail.
/// </summary>
internal static class MutantMarks
{
    private const string FirstGap = """
        select coalesce(min(before) filter (where seq_id > before + 1), max(seq_id), 0), coalesce(max(seq_id), 0),
               pg_snapshot_xmin(pg_current_snapshot())::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint
          from (select seq_id, lag(seq_id, 1, 0::bigint) over (order by seq_id) as before from coordinator_events.mt_events) n
        """;

    /// <summary>What is there is all there is.</summary>
    public static Func<Task<long>> IgnoresGaps(NpgsqlDataSource source) =>
        async () => (await LookAsync(source)).Highest;

    /// <summary>A number that is missing for three seconds will not come any more.</summary>
    public static Func<Task<long>> SkipsByTime(NpgsqlDataSource source, Func<TimeSpan> clock)
    {
        TimeSpan? since = null;
        return async () =>
        {
            var look = await LookAsync(source);
            if (look.Contiguous == look.Highest)
            {
                since = null;
                return look.Highest;
            }

            since ??= clock();
            return clock() - since > TimeSpan.FromSeconds(3) ? look.Highest : look.Contiguous;
        };
    }

    /// <summary>A transaction that has no id yet has not drawn a number either.</summary>
    public static Func<Task<long>> TrustsTransactionIdsOnly(NpgsqlDataSource source)
    {
        long? next = null;
        return async () =>
        {
            var look = await LookAsync(source);
            if (look.Contiguous == look.Highest)
            {
                next = null;
                return look.Highest;
            }

            next ??= look.NextTransaction;
            return look.OldestRunning >= next ? look.Highest : look.Contiguous;
        };
    }

    private static async Task<Look> LookAsync(NpgsqlDataSource source)
    {
        await using var command = source.CreateCommand(FirstGap);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return new Look(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
    }

    private sealed record Look(long Contiguous, long Highest, long OldestRunning, long NextTransaction);
}
