using Coordinator.Engine.Requests;

namespace Coordinator.Engine.Applications;

/// <summary>
/// Renews many instances in one statement: thousands of heartbeats cost a few round trips.
/// </summary>
internal sealed class RenewalBatcher
{
    private const int MostPerStatement = 1000;

    private readonly CoordinationDatabase _database;
    private readonly EngineOptions _options;
    private readonly Rounds<InstanceReport, bool> _rounds;

    public RenewalBatcher(CoordinationDatabase database, EngineOptions options)
    {
        _database = database;
        _options = options;
        _rounds = new(MostPerStatement, RunAsync);
    }

    /// <summary>
    /// True when the renewal is committed. False when it did not happen for whatever reason: the instance is not known,
    /// has ended, runs another version, is retired, or its row was locked.
    /// </summary>
    public Task<bool> RenewAsync(InstanceReport report, CancellationToken cancellationToken) =>
        _rounds.AskAsync(report, cancellationToken);

    private async Task RunAsync(IReadOnlyList<Rounds<InstanceReport, bool>.Caller> round)
    {
        var renewed = await RenewAsync([.. round.Select(caller => caller.Request)]);
        foreach (var caller in round)
        {
            caller.Answer(renewed.Contains((caller.Request.Application, caller.Request.Instance, caller.Request.Version)));
        }
    }

    // A locked row is skipped: one that somebody holds must not hold up a thousand others. Retired versions are refused
    // by the floor that this statement sees. No lock is needed against a retirement: it finds no instance below its
    // floor, and one that has ended since is not renewed, because the row's newest version is looked at again.
    private async Task<HashSet<(string Application, string Instance, long Version)>> RenewAsync(List<InstanceReport> reports)
    {
        await using var command = _database.DataSource.CreateCommand(
            """
            with mine as materialized (
                select i.application, i.instance
                from coordinator.instance i
                    join unnest($1, $2, $3) as r(application, instance, version) using (application, instance)
                    join coordinator.application a on a.name = i.application
                where i.state = 0 and i.version = r.version and i.version >= a.floor
                for no key update of i skip locked
            )
            update coordinator.instance i
            set last_seen_at = clock_timestamp(), expires_at = greatest(i.expires_at, clock_timestamp() + $4)
            from mine
            where i.application = mine.application and i.instance = mine.instance
            returning i.application, i.instance, i.version
            """);
        command.Parameters.Add(new() { Value = reports.Select(report => report.Application).ToArray() });
        command.Parameters.Add(new() { Value = reports.Select(report => report.Instance).ToArray() });
        command.Parameters.Add(new() { Value = reports.Select(report => report.Version).ToArray() });
        command.Parameters.Add(new() { Value = _options.InstanceLease });
        await using var reader = await command.ExecuteReaderAsync();
        var renewed = new HashSet<(string, string, long)>();
        while (await reader.ReadAsync())
        {
            renewed.Add((reader.GetString(0), reader.GetString(1), reader.GetInt64(2)));
        }

        // To the end of the message: only behind it is the statement committed.
        await reader.NextResultAsync();
        return renewed;
    }
}
