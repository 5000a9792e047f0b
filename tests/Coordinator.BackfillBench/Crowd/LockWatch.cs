using Npgsql;

namespace Coordinator.BackfillBench.Crowd;

/// <summary>Looks over and over who waits for a lock in a database, and on what.</summary>
internal sealed class LockWatch(NpgsqlDataSource database)
{
    private static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(20);

    /// <summary>Looks until it is told to stop.</summary>
    public async Task<LockWaits> RunAsync(CancellationToken stop)
    {
        var (looks, found, most, longest) = (0, 0, 0, TimeSpan.Zero);
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        using var pace = new PeriodicTimer(Gap);
        await using var connection = await database.OpenConnectionAsync(CancellationToken.None);
        // A lock on a row is waited for as one on a transaction, which belongs to no database and no table: the session does, and
        // the tables whose rows it locks.
        await using var look = new NpgsqlCommand(
            """
            select coalesce(clock_timestamp() - l.waitstart, interval '0'),
                   coalesce((select string_agg(distinct c.relname, ', ') from pg_locks r join pg_class c on c.oid = r.relation
                              where r.pid = l.pid and r.granted and r.mode in ('RowShareLock', 'RowExclusiveLock') and c.relkind = 'r'), l.locktype)
              from pg_locks l join pg_stat_activity a using (pid)
             where not l.granted and a.datname = current_database()
            """,
            connection);
        while (!stop.IsCancellationRequested)
        {
            var waiting = 0;
            await using (var reader = await look.ExecuteReaderAsync(CancellationToken.None))
            {
                while (await reader.ReadAsync(CancellationToken.None))
                {
                    waiting++;
                    longest = TimeSpan.FromTicks(Math.Max(longest.Ticks, reader.GetTimeSpan(0).Ticks));
                    places[reader.GetString(1)] = places.GetValueOrDefault(reader.GetString(1)) + 1;
                }
            }

            looks++;
            found += waiting > 0 ? 1 : 0;
            most = Math.Max(most, waiting);
            await pace.WaitForNextTickAsync(CancellationToken.None);
        }

        return new LockWaits(looks, (double)found / looks, most, longest, places.Count == 0 ? "" : places.MaxBy(place => place.Value).Key);
    }
}
