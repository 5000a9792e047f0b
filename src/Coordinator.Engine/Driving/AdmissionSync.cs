using Coordinator.Engine.Targets;
using Coordinator.EventStore.Listening;
using Coordinator.Postgres.Schema;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Coordinator.Engine.Driving;

/// <summary>
/// Keeps <c>coordinator.admission</c> of every target in step with the intervals, whoever changed them: an operator, another
/// migration, another target's. Woken by events; what could not be written is tried again. Every replica does it, because it costs
/// nothing while nothing changes; the gate does not rely on it and writes for itself before it goes on.
/// </summary>
internal sealed class AdmissionSync(
    CoordinationDatabase database, TargetRegistry targets, AppendListener appended, ILogger<AdmissionSync> logger) : BackgroundService
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(5);

    private readonly TargetAdmission _admission = new(database, targets);
    private readonly Dictionary<TargetShard, Dictionary<string, AdmissionInterval>> _written = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                var seen = appended.Current;
                try
                {
                    await SyncAsync(stoppingToken);
                }
                catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
                {
                    // The coordination database is away for a moment.
                    DrivingLog.AdmissionNotWritten(logger, exception, "", "");
                }

                await appended.WaitAsync(seen, LookInterval, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private async Task SyncAsync(CancellationToken cancellationToken)
    {
        var intervals = await _admission.ReadAsync(applications: null, cancellationToken);
        foreach (var shard in targets.All.SelectMany(target => target.Shards))
        {
            try
            {
                await SyncAsync(shard, intervals, cancellationToken);
            }
            catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
            {
                // Known again from its own table when it is back.
                _written.Remove(shard);
                DrivingLog.AdmissionNotWritten(logger, exception, shard.Target, shard.Name);
            }
        }
    }

    // A target has a row for each application that a migration of it ever named; the driver writes the first.
    private async Task SyncAsync(
        TargetShard shard, IReadOnlyList<AdmissionInterval> intervals, CancellationToken cancellationToken)
    {
        var named = await NamedAsync(shard.Target, cancellationToken);
        if (!_written.TryGetValue(shard, out var written))
        {
            // A target whose migrations ask for nothing, or that no Coordinator of this version has prepared yet.
            if (named.Count == 0 || await TargetSchema.ReadVersionAsync(shard.DataSource, cancellationToken) < TargetSchema.LatestVersion)
            {
                return;
            }

            written = await KnownAsync(shard, cancellationToken);
            _written[shard] = written;
        }

        var changed = intervals
            .Where(interval => (named.Contains(interval.Application) || written.ContainsKey(interval.Application))
                && written.GetValueOrDefault(interval.Application) != interval)
            .ToList();
        if (changed.Count > 0)
        {
            await TargetAdmission.WriteAsync(shard, changed, cancellationToken);
            changed.ForEach(interval => written[interval.Application] = interval);
        }
    }

    private async Task<HashSet<string>> NamedAsync(string target, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(
            """
            select distinct l.application from coordinator.application_limit l
              join coordinator.migration m on m.name = l.migration and m.target = $1
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = target });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }

    private static async Task<Dictionary<string, AdmissionInterval>> KnownAsync(TargetShard shard, CancellationToken cancellationToken)
    {
        await using var command = shard.DataSource.CreateCommand(
            "select application, min_version, max_version, revision from coordinator.admission");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var known = new Dictionary<string, AdmissionInterval>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            known[reader.GetString(0)] = new AdmissionInterval(
                reader.GetString(0),
                reader.GetInt64(1),
                await reader.IsDBNullAsync(2, cancellationToken) ? null : reader.GetInt64(2),
                reader.GetInt64(3));
        }

        return known;
    }
}
