using Coordinator.Engine.Requests;
using Npgsql;

namespace Coordinator.Engine.Applications;

/// <summary>
/// Renews many instances in one statement: thousands of heartbeats cost a few round trips.
/// </summary>
internal sealed class RenewalBatcher
{
    private const int MostPerStatement = 1000;

    // While one statement's answers are handed out, the database works on the next.
    private const int Lanes = 2;

    // A heartbeat is in no hurry: what arrives within this is one statement and one commit.
    private static readonly TimeSpan Spacing = TimeSpan.FromMilliseconds(10);

    // Retired versions are refused by the floor that this statement sees. No lock is needed against a retirement: it finds no
    // instance below its floor, and one that has ended since is not renewed, because the row's newest version is looked at again.
    //
    // Each row is looked up by its whole key: joined with its application, that one's key was taken for good enough by a plan from
    // when the table was nearly empty, and every heartbeat read all instances of its application.
    private const string Renew =
        """
        with renewed as (
            update coordinator.instance i
            set last_seen_at = clock_timestamp(), expires_at = greatest(i.expires_at, clock_timestamp() + $4)
            from unnest($1, $2, $3) with ordinality as r(application, instance, version, ordinal)
            where i.application = r.application and i.instance = r.instance and i.version = r.version and i.state = 0
                and i.version >= (select a.floor from coordinator.application a where a.name = r.application)
            returning r.ordinal::integer
        )
        select coalesce(array_agg(ordinal), '{}') from renewed
        """;

    // A row that somebody holds must not hold up a thousand others.
    private const string RenewUnlocked =
        """
        with mine as materialized (
            select i.place, r.ordinal
            from unnest($1, $2, $3) with ordinality as r(application, instance, version, ordinal)
                cross join lateral (
                    select ctid as place from coordinator.instance
                    where application = r.application and instance = r.instance and version = r.version and state = 0
                        and version >= (select floor from coordinator.application where name = r.application)
                    for no key update skip locked) i
        ),
        renewed as (
            update coordinator.instance i
            set last_seen_at = clock_timestamp(), expires_at = greatest(i.expires_at, clock_timestamp() + $4)
            from mine
            where i.ctid = mine.place
            returning mine.ordinal::integer
        )
        select coalesce(array_agg(ordinal), '{}') from renewed
        """;

    private readonly CoordinationDatabase _database;
    private readonly EngineOptions _options;
    private readonly Rounds<InstanceReport, bool> _rounds;

    public RenewalBatcher(CoordinationDatabase database, EngineOptions options)
    {
        _database = database;
        _options = options;
        _rounds = new(MostPerStatement, RunAsync, Spacing, Lanes);
    }

    /// <summary>
    /// True when the renewal is committed. False when it did not happen for whatever reason: the instance is not known,
    /// has ended, runs another version, is retired, its row was locked, or another heartbeat of it was in the same statement.
    /// </summary>
    public Task<bool> RenewAsync(InstanceReport report, CancellationToken cancellationToken) =>
        _rounds.AskAsync(report, cancellationToken);

    private async Task RunAsync(IReadOnlyList<Rounds<InstanceReport, bool>.Caller> round)
    {
        foreach (var ordinal in await RenewAsync(round))
        {
            round[ordinal - 1].Answer(true);
        }

        // An answer that is there stays.
        foreach (var caller in round)
        {
            caller.Answer(false);
        }
    }

    private async Task<int[]> RenewAsync(IReadOnlyList<Rounds<InstanceReport, bool>.Caller> round)
    {
        try
        {
            return await RenewAsync(_database.RenewalSource, Renew, round);
        }
        catch (PostgresException exception)
            when (exception.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
        {
            // Without the limit: it waits for nobody's row, and whoever holds the whole table is waited for.
            return await RenewAsync(_database.BulkSource, RenewUnlocked, round);
        }
    }

#pragma warning disable CA2100 // One of the two literals above.
    private async Task<int[]> RenewAsync(
        NpgsqlDataSource source, string sql, IReadOnlyList<Rounds<InstanceReport, bool>.Caller> round)
    {
        await using var command = source.CreateCommand(sql);
        var (applications, instances, versions) = (new string[round.Count], new string[round.Count], new long[round.Count]);
        for (var place = 0; place < round.Count; place++)
        {
            var report = round[place].Request;
            (applications[place], instances[place], versions[place]) = (report.Application, report.Instance, report.Version);
        }

        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = applications });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = instances });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = versions });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = _options.InstanceLease });
        // It reads to the end of the message: only behind it is the statement committed.
        return (int[])(await command.ExecuteScalarAsync())!;
    }
#pragma warning restore CA2100
}
