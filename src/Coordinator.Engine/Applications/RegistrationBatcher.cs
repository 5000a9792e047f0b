using System.Collections.Concurrent;
using Coordinator.Domain.Applications;
using Coordinator.Engine.Requests;
using Npgsql;

namespace Coordinator.Engine.Applications;

/// <summary>
/// Registers the instances of an application that start at the same time together: one transaction holds the application's row FOR
/// SHARE for all of them. So a deploy of a thousand instances costs a few commits, and a retirement, which wants that row for itself,
/// finds one holder in each replica and not a thousand. Each application has rounds of its own: where one's row is locked, only its
/// own instances wait.
/// </summary>
internal sealed class RegistrationBatcher(
    CoordinationDatabase database, EngineOptions options, Registration registration, ApplicationCommands commands)
{
    private const int MostPerRound = 500;

    // Every further round has seen somebody else's commit.
    private const int MostRounds = 20;

    private readonly ConcurrentDictionary<string, Rounds<InstanceReport, RegistrationOutcome>> _applications = new(StringComparer.Ordinal);

    /// <summary>
    /// <see cref="RegistrationOutcome.Acknowledged"/> when the instance is registered and that is committed;
    /// <see cref="RegistrationOutcome.TryAgain"/> when it was registered already.
    /// </summary>
    public Task<RegistrationOutcome> RegisterAsync(InstanceReport report, CancellationToken cancellationToken) =>
        _applications.GetOrAdd(report.Application, static (_, run) => new(MostPerRound, run), RunAsync)
            .AskAsync(report, cancellationToken);

    private async Task RunAsync(IReadOnlyList<Rounds<InstanceReport, RegistrationOutcome>.Caller> round)
    {
        var outcomes = await TryAsync([.. round.Select(caller => caller.Request)]);
        foreach (var (caller, outcome) in round.Zip(outcomes))
        {
            if (outcome != RegistrationOutcome.FirstOfVersion)
            {
                caller.Answer(outcome);
            }
            else if (++caller.Attempts > MostRounds)
            {
                caller.Fail(InstanceRejections.Contended(caller.Request.Application));
            }
        }

        // By one of them for all; they are registered in the next round.
        foreach (var newcomers in round.Where(caller => !caller.Answered.IsCompleted).GroupBy(caller => caller.Request.Version).ToList())
        {
            await AppearAsync([.. newcomers]);
        }
    }

    private async Task AppearAsync(IReadOnlyList<Rounds<InstanceReport, RegistrationOutcome>.Caller> newcomers)
    {
        var first = newcomers[0].Request;
        try
        {
            await commands.ExecuteAsync(
                first.Application,
                new ApplicationCommand.AppearVersion(first.Version),
                new RequestContext($"instance {first.Application}/{first.Instance}"),
                registration.InsertCommand(first),
                CancellationToken.None);
        }
        catch (Exception exception)
        {
            // The others of the round have their answers, or another version.
            foreach (var caller in newcomers)
            {
                caller.Fail(exception);
            }
        }
    }

    // The lock first, the statements behind it: their snapshots are younger than the lock. In the order of the ids, so that two
    // replicas with the same instances can't wait for each other.
    private async Task<RegistrationOutcome[]> TryAsync(IReadOnlyList<InstanceReport> reports)
    {
        await using var batch = database.BulkSource.CreateBatch();
        batch.BatchCommands.Add(Registration.ShareCommand(reports[0].Application));
        batch.BatchCommands.Add(InsertCommand(reports));
        batch.BatchCommands.Add(LookCommand(reports));
        await using var reader = await batch.ExecuteReaderAsync();
        await reader.NextResultAsync();
        var inserted = new HashSet<(string Instance, long Version)>();
        while (await reader.ReadAsync())
        {
            inserted.Add((reader.GetString(0), reader.GetInt64(1)));
        }

        await reader.NextResultAsync();
        var outcomes = new RegistrationOutcome[reports.Count];
        while (await reader.ReadAsync())
        {
            var place = (int)reader.GetInt64(4) - 1;
            outcomes[place] = inserted.Contains((reports[place].Instance, reports[place].Version))
                ? RegistrationOutcome.Acknowledged
                : Registration.ReadOutcome(reader, reports[place].Version);
        }

        // To the end of the message: only behind it is the transaction committed, and only then may anybody be told.
        while (await reader.NextResultAsync())
        {
        }

        return outcomes;
    }

    private NpgsqlBatchCommand InsertCommand(IReadOnlyList<InstanceReport> reports) => new(
        """
        insert into coordinator.instance (application, instance, version, app_version, expires_at)
        select a.name, r.instance, r.version, r.app_version, clock_timestamp() + $5
        from unnest($2, $3, $4) as r(instance, version, app_version)
            join coordinator.application a on a.name = $1
            join coordinator.application_version v on v.application = a.name and v.version = r.version
        where r.version >= a.floor and (a.ceiling is null or r.version < a.ceiling)
        order by r.instance
        on conflict (application, instance) do nothing
        returning instance, version
        """)
    {
        Parameters =
        {
            new() { Value = reports[0].Application },
            new() { Value = reports.Select(report => report.Instance).ToArray() },
            new() { Value = reports.Select(report => report.Version).ToArray() },
            new() { Value = reports.Select(report => report.AppVersion ?? "").ToArray() },
            new() { Value = options.InstanceLease },
        },
    };

    private static NpgsqlBatchCommand LookCommand(IReadOnlyList<InstanceReport> reports) => new(
        """
        select i.state, i.version,
            exists (select from coordinator.application_version v where v.application = r.application and v.version = r.version),
            r.version >= coalesce(a.floor, 0) and (a.ceiling is null or r.version < a.ceiling or i.state is not distinct from 0),
            r.ordinal
        from unnest($1, $2, $3) with ordinality as r(application, instance, version, ordinal)
            left join coordinator.application a on a.name = r.application
            left join coordinator.instance i on i.application = r.application and i.instance = r.instance
        """)
    {
        Parameters =
        {
            new() { Value = reports.Select(report => report.Application).ToArray() },
            new() { Value = reports.Select(report => report.Instance).ToArray() },
            new() { Value = reports.Select(report => report.Version).ToArray() },
        },
    };
}
