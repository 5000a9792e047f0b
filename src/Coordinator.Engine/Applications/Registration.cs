using Npgsql;

namespace Coordinator.Engine.Applications;

/// <summary>
/// Renews an instance that the bulk renewal passed over, because somebody held its row for a moment: this waits for it. One message:
/// the application's row FOR SHARE, the renewal, the insert, a look. The lock is what makes a retirement and a registration
/// see each other: whoever comes second reads what the first committed. The row is never updated here, because two
/// sharers that did so would deadlock.
/// </summary>
internal sealed class Registration(CoordinationDatabase database, EngineOptions options)
{
    public async Task<RegistrationOutcome> TryAsync(InstanceReport report, CancellationToken cancellationToken)
    {
        await using var batch = database.DataSource.CreateBatch();
        batch.BatchCommands.Add(ShareCommand(report.Application));
        batch.BatchCommands.Add(RenewCommand(report));
        batch.BatchCommands.Add(InsertCommand(report));
        batch.BatchCommands.Add(LookCommand(report));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var renewed = await reader.ReadAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var inserted = await reader.ReadAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var outcome = renewed || inserted ? RegistrationOutcome.Acknowledged : ReadOutcome(reader, report.Version);
        // To the end of the message: only behind it is the transaction committed, and only then may anybody be told.
        while (await reader.NextResultAsync(cancellationToken))
        {
        }

        return outcome;
    }

    /// <summary>Inserts the row if the version is known and admitted; also for the transaction in which it becomes known.</summary>
    public NpgsqlBatchCommand InsertCommand(InstanceReport report) => new(
        """
        insert into coordinator.instance (application, instance, version, app_version, expires_at)
        select $1, $2, $3, $4, clock_timestamp() + $5
        from coordinator.application a join coordinator.application_version v on v.application = a.name
        where a.name = $1 and v.version = $3 and $3 >= a.floor and (a.ceiling is null or $3 < a.ceiling)
        on conflict (application, instance) do nothing
        returning true
        """)
    {
        Parameters =
        {
            new() { Value = report.Application },
            new() { Value = report.Instance },
            new() { Value = report.Version },
            new() { Value = report.AppVersion ?? "" },
            new() { Value = options.InstanceLease },
        },
    };

    /// <summary>What the row of a look says to somebody who was not registered: the instance's state and version, whether the version is known, whether it is admitted.</summary>
    public static RegistrationOutcome ReadOutcome(NpgsqlDataReader reader, long version)
    {
        var admitted = reader.GetBoolean(3);
        if (!reader.IsDBNull(0))
        {
            return reader.GetInt16(0) != 0 ? RegistrationOutcome.Ended
                : reader.GetInt64(1) != version ? RegistrationOutcome.VersionChanged
                : !admitted ? RegistrationOutcome.NotAdmitted
                : RegistrationOutcome.TryAgain;
        }

        return !admitted ? RegistrationOutcome.NotAdmitted
            : reader.GetBoolean(2) ? RegistrationOutcome.TryAgain
            : RegistrationOutcome.FirstOfVersion;
    }

    /// <summary>The application's row FOR SHARE, against a retirement's FOR UPDATE.</summary>
    public static NpgsqlBatchCommand ShareCommand(string application) => new(
        "select from coordinator.application where name = $1 for share")
    {
        Parameters = { new() { Value = application } },
    };

    // This and what follows are statements of their own: their snapshots are younger than the lock. An instance that is
    // registered is renewed above a ceiling too: it runs, and a rollback has to see it.
    private NpgsqlBatchCommand RenewCommand(InstanceReport report) => new(
        """
        update coordinator.instance i
        set last_seen_at = clock_timestamp(), expires_at = greatest(i.expires_at, clock_timestamp() + $4)
        from coordinator.application a
        where i.application = $1 and i.instance = $2 and i.version = $3 and i.state = 0
            and a.name = i.application and i.version >= a.floor
        returning true
        """)
    {
        Parameters =
        {
            new() { Value = report.Application },
            new() { Value = report.Instance },
            new() { Value = report.Version },
            new() { Value = options.InstanceLease },
        },
    };

    private static NpgsqlBatchCommand LookCommand(InstanceReport report) => new(
        """
        select i.state, i.version,
            exists (select from coordinator.application_version where application = $1 and version = $3),
            $3 >= coalesce(a.floor, 0) and (a.ceiling is null or $3 < a.ceiling or i.state is not distinct from 0)
        from (select) one
            left join coordinator.application a on a.name = $1
            left join coordinator.instance i on i.application = $1 and i.instance = $2
        """)
    {
        Parameters =
        {
            new() { Value = report.Application },
            new() { Value = report.Instance },
            new() { Value = report.Version },
        },
    };
}
