using Coordinator.Domain;
using Coordinator.Domain.Applications;
using Coordinator.Engine.Requests;
using Coordinator.EventStore;
using Npgsql;

namespace Coordinator.Engine.Applications;

/// <summary>
/// Who is alive, and on which version. An instance is acknowledged only when its row is committed, and never below the
/// floor of a retirement in force; a retirement that counted nobody has therefore really seen everybody who was told
/// that he may run.
/// </summary>
public sealed class InstanceRegistry
{
    // Every further attempt has seen somebody else's commit at the same instance or version.
    private const int MostAttempts = 20;

    private readonly CoordinationDatabase _database;
    private readonly EngineOptions _options;
    private readonly RenewalBatcher _renewals;
    private readonly Registration _registration;
    private readonly RegistrationBatcher _registrations;
    private readonly ApplicationCommands _commands;
    private readonly ApplicationRows _rows;
    private readonly AdmissionLimits _limits;
    private readonly TimeProvider _time;

    /// <summary>One per replica; it keeps nothing but what is under way.</summary>
    /// <param name="database">Where instances are stored.</param>
    /// <param name="store">Where a version's first instance is an event.</param>
    /// <param name="options">Lease and interval.</param>
    /// <param name="time">Measures how long renewals take; the system's when null.</param>
    public InstanceRegistry(CoordinationDatabase database, IEventStore store, EngineOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(options);
        _database = database;
        _options = options;
        _time = time ?? TimeProvider.System;
        Pace = new HeartbeatPace(options, _time);
        _renewals = new RenewalBatcher(database, options);
        _registration = new Registration(database, options);
        _commands = new ApplicationCommands(store, new RequestStore(database));
        _registrations = new RegistrationBatcher(database, options, _registration, _commands);
        _rows = new ApplicationRows(database);
        _limits = new AdmissionLimits(database);
    }

    /// <summary>How often instances are told to report.</summary>
    public HeartbeatPace Pace { get; }

    /// <summary>
    /// Registers an instance, or renews it. When this returns, its version is on disk.
    /// </summary>
    /// <exception cref="EngineException">
    /// The version may not run now (<c>VERSION_RETIRED</c>, <c>VERSION_NOT_READY</c>), the id is another version's
    /// (<c>INSTANCE_VERSION_CHANGED</c>) or has ended (<c>INSTANCE_ENDED</c>), or the report is malformed.
    /// </exception>
    public Task<InstanceLease> HeartbeatAsync(InstanceReport report, CancellationToken cancellationToken) =>
        HeartbeatAsync(report, allowance: null, cancellationToken);

    /// <summary>The same for a caller whose registrations are counted; null: they are not.</summary>
    /// <exception cref="EngineException">As above, and <c>REGISTRATIONS_TOO_FAST</c>.</exception>
    public async Task<InstanceLease> HeartbeatAsync(
        InstanceReport report, RegistrationAllowance? allowance, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(report);
        ApplicationInput.Check(report);
        for (var attempt = 1; attempt <= MostAttempts; attempt++)
        {
            var asked = _time.GetTimestamp();
            if (await _renewals.RenewAsync(report, cancellationToken))
            {
                Pace.Took(_time.GetElapsedTime(asked));
                return new InstanceLease(_options.InstanceLease, Pace.Interval);
            }

            if (attempt == 1)
            {
                allowance?.Take(report);
            }

            if (await TryRegisterAsync(report, cancellationToken))
            {
                return new InstanceLease(_options.InstanceLease, Pace.Interval);
            }
        }

        throw InstanceRejections.Contended(report.Application);
    }

    /// <summary>Takes an instance off at once. Repeats, and instances that nobody knows, are fine.</summary>
    public async Task LeaveAsync(string application, string instance, CancellationToken cancellationToken)
    {
        ApplicationInput.CheckApplication(application);
        ApplicationInput.CheckInstance(instance);
        // A gate may be waiting for this one; unlike a heartbeat it is rare enough to say so.
        await using var command = _database.DataSource.CreateCommand(
            """
            with gone as (
                update coordinator.instance set state = 1, ended_at = clock_timestamp()
                where application = $1 and instance = $2 and state = 0
                returning true
            )
            select pg_notify('mt_events_appended', '') from gone
            """);
        command.Parameters.Add(new() { Value = application });
        command.Parameters.Add(new() { Value = instance });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Why a version may not start now, or null when it may. Registers nothing and promises nothing.</summary>
    public async Task<Rejection?> CheckStartAsync(string application, long version, CancellationToken cancellationToken) =>
        Admission.Check(version, await ReadLimitsAsync(application, version, cancellationToken));

    /// <summary>As much of an application's state as admission asks for: the migrations that narrow its interval now.</summary>
    internal Task<ApplicationState> ReadLimitsAsync(string application, long version, CancellationToken cancellationToken)
    {
        ApplicationInput.CheckApplication(application);
        ApplicationInput.CheckVersion(version);
        return _limits.ReadAsync(application, cancellationToken);
    }

    /// <summary>
    /// Records that an instance is gone for good, on somebody's word: what clears an instance that ended without a
    /// good-bye. One that has ended already is returned as it is.
    /// </summary>
    /// <exception cref="EngineException">No such instance (<c>INSTANCE_NOT_FOUND</c>), or no reason.</exception>
    public async Task<InstanceRow> AttestGoneAsync(
        string application, string instance, string reason, RequestContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        ApplicationInput.CheckApplication(application);
        ApplicationInput.CheckInstance(instance);
        ApplicationInput.CheckReason(reason);
        var row = await _rows.FindInstanceAsync(application, instance, cancellationToken)
            ?? throw InstanceRejections.NotFound(application, instance);
        var attest = new ApplicationCommand.AttestInstance(instance, row.Version, context.Actor, reason);
        if (await _commands.IsRepeatAsync(application, attest, context, cancellationToken)
            || row.Presence is InstancePresence.Left or InstancePresence.AttestedGone)
        {
            return row;
        }

        var gone = new NpgsqlBatchCommand(
            """
            update coordinator.instance set state = 2, ended_at = clock_timestamp()
            where application = $1 and instance = $2 and state = 0
            """)
        {
            Parameters = { new() { Value = application }, new() { Value = instance } },
        };
        await _commands.ExecuteAsync(application, attest, context, gone, cancellationToken);
        return (await _rows.FindInstanceAsync(application, instance, cancellationToken))!;
    }

    /// <summary>Says how many instances of an application are expected; it need not have any yet.</summary>
    public async Task<ApplicationRow> SetPopulationAsync(
        string application, ExpectedPopulation population, RequestContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(population);
        ArgumentNullException.ThrowIfNull(context);
        ApplicationInput.CheckApplication(application);
        await _commands.ExecuteAsync(
            application, new ApplicationCommand.ExpectPopulation(population), context, alongside: null, cancellationToken);
        return (await _rows.FindApplicationAsync(application, cancellationToken))!;
    }

    /// <summary>An application, or null when nothing was ever said of it.</summary>
    public Task<ApplicationRow?> FindApplicationAsync(string application, CancellationToken cancellationToken)
    {
        ApplicationInput.CheckApplication(application);
        return _rows.FindApplicationAsync(application, cancellationToken);
    }

    /// <summary>Instances by application and id, page by page; of one application, or of all.</summary>
    public Task<Page<InstanceRow>> ListInstancesAsync(
        string? application, bool includeGone, int pageSize, string? pageToken, CancellationToken cancellationToken)
    {
        if (!string.IsNullOrEmpty(application))
        {
            ApplicationInput.CheckApplication(application);
        }

        return _rows.ListInstancesAsync(application ?? "", includeGone, pageSize, pageToken ?? "", cancellationToken);
    }

    /// <summary>True when the instance is acknowledged; false when another attempt will see more.</summary>
    private async Task<bool> TryRegisterAsync(InstanceReport report, CancellationToken cancellationToken)
    {
        var outcome = await _registrations.RegisterAsync(report, cancellationToken);
        if (outcome == RegistrationOutcome.TryAgain)
        {
            outcome = await _registration.TryAsync(report, cancellationToken);
        }

        switch (outcome)
        {
            case RegistrationOutcome.Acknowledged:
                return true;
            case RegistrationOutcome.Ended:
                throw InstanceRejections.Ended(report);
            case RegistrationOutcome.VersionChanged:
                throw InstanceRejections.VersionChanged(report);
            case RegistrationOutcome.NotAdmitted:
                // Read again for the reason; if it is gone by now, so is the refusal.
                var limits = await _limits.ReadAsync(report.Application, cancellationToken);
                return Admission.Check(report.Version, limits) is { } refusal ? throw new EngineException(refusal) : false;
            default:
                return false;
        }
    }
}
