using Coordinator.Domain;
using Coordinator.Domain.Applications;
using Coordinator.Domain.Gates;
using Coordinator.Domain.Specs;
using Coordinator.EventStore;
using Npgsql;

namespace Coordinator.Engine.Applications;

/// <summary>
/// Changes which versions may run, in the transaction that appends the migration's decision. Each method reads the
/// applications and decides, then enlists their locks, guards and events; the caller saves. One of them per session: a
/// second would decide on what the first has not written yet.
/// </summary>
public sealed class AdmissionChanges(IEventStore store)
{
    /// <summary>The SQLSTATE of a retirement that found an instance below its floor; the message names it.</summary>
    public const string InstancesRemain = "CO101";

    /// <summary>The SQLSTATE of a ceiling that found an instance at or above it; the message names it.</summary>
    public const string NewerVersionAlive = "CO102";

    /// <summary>
    /// Refuses the versions that need the new structure. With <paramref name="requireNoNewer"/> the save fails with
    /// <see cref="NewerVersionAlive"/> when such an instance is there already.
    /// </summary>
    public async Task EnlistCeilingsAsync(
        IEventSession session,
        string migration,
        IReadOnlyDictionary<string, VersionRule> versions,
        bool requireNoNewer,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(versions);
        await EnlistAsync(
            session,
            versions.Keys,
            (application, _) => [new ApplicationCommand.SetCeiling(migration, versions[application].UsesNewFrom)],
            cancellationToken);
        if (requireNoNewer)
        {
            session.EnlistBefore(NoneFromCommand(versions));
        }
    }

    /// <summary>Admits them: the new structure is complete.</summary>
    public Task EnlistCeilingsLiftedAsync(
        IEventSession session, string migration, IReadOnlyCollection<string> applications, CancellationToken cancellationToken) =>
        EnlistAsync(session, applications, (_, _) => [new ApplicationCommand.LiftCeiling(migration)], cancellationToken);

    /// <summary>
    /// Refuses the versions that need the old structure, after counting them again under the lock: an instance that
    /// registered before is found, one that registers after is refused. With one left, suspected ones included, the save
    /// fails with <see cref="InstancesRemain"/>. Those in <paramref name="letGo"/> don't count while they are lapsed: the
    /// target itself will keep them out, or the specification takes them for gone.
    /// </summary>
    public async Task EnlistRetireAsync(
        IEventSession session,
        string migration,
        IReadOnlyDictionary<string, VersionRule> versions,
        IReadOnlyCollection<InstanceFact> letGo,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(versions);
        await EnlistAsync(
            session,
            versions.Keys,
            (application, _) => [new ApplicationCommand.RetireVersions(migration, versions[application].FreeOfOldFrom)],
            cancellationToken);
        session.EnlistBefore(NoneBelowCommand(versions, letGo));
    }

    /// <summary>Refuses the versions that need the old structure from now on, whoever of them is still there.</summary>
    public Task EnlistEarlyRetirementAsync(
        IEventSession session,
        string migration,
        IReadOnlyDictionary<string, VersionRule> versions,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(versions);
        return EnlistAsync(
            session,
            versions.Keys,
            (application, _) => [new ApplicationCommand.RetireVersions(migration, versions[application].FreeOfOldFrom)],
            cancellationToken);
    }

    /// <summary>Lets them come back.</summary>
    public Task EnlistRetirementEndedAsync(
        IEventSession session, string migration, IReadOnlyCollection<string> applications, CancellationToken cancellationToken) =>
        EnlistAsync(session, applications, (_, _) => [new ApplicationCommand.EndRetirement(migration)], cancellationToken);

    /// <summary>
    /// Turns the interval round for a rollback: old versions may come back, also where they were retired already, and
    /// versions that use the new structure are refused.
    /// </summary>
    public Task EnlistRollbackAsync(
        IEventSession session,
        string migration,
        IReadOnlyDictionary<string, VersionRule> versions,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(versions);
        return EnlistAsync(
            session,
            versions.Keys,
            (application, _) =>
            [
                new ApplicationCommand.EndRetirement(migration),
                new ApplicationCommand.SetCeiling(migration, versions[application].UsesNewFrom),
            ],
            cancellationToken);
    }

    /// <summary>Makes the migration's retirements permanent: contract ran.</summary>
    public Task EnlistRetirementsPermanentAsync(
        IEventSession session, string migration, IReadOnlyCollection<string> applications, CancellationToken cancellationToken) =>
        EnlistAsync(
            session,
            applications,
            (_, state) => state.Retirements.ContainsKey(migration) ? [new ApplicationCommand.MakeRetirementPermanent(migration)] : [],
            cancellationToken);

    /// <summary>Ends what the migration asks of the applications, except a retirement that is permanent.</summary>
    public Task EnlistLimitsEndedAsync(
        IEventSession session, string migration, IReadOnlyCollection<string> applications, CancellationToken cancellationToken) =>
        EnlistAsync(
            session,
            applications,
            (_, state) => state.Permanent.Contains(migration)
                ? [new ApplicationCommand.LiftCeiling(migration)]
                : [new ApplicationCommand.LiftCeiling(migration), new ApplicationCommand.EndRetirement(migration)],
            cancellationToken);

    private async Task EnlistAsync(
        IEventSession session,
        IEnumerable<string> applications,
        Func<string, ApplicationState, IEnumerable<ApplicationCommand>> commands,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        var names = applications.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        var changed = new List<string>();
        foreach (var name in names)
        {
            var key = ApplicationStream.Key(name);
            var read = await store.Query.AggregateStreamAsync<ApplicationState>(key, cancellationToken: cancellationToken);
            var state = read?.State ?? ApplicationState.Initial;
            var events = Decide(commands(name, state), state);
            if (events.Count > 0)
            {
                session.AppendExpecting<ApplicationState>(key, read?.Version ?? 0, events);
                changed.Add(name);
            }
        }

        ApplicationLock.Enlist(session, names, changed);
    }

    private static List<ApplicationEvent> Decide(IEnumerable<ApplicationCommand> commands, ApplicationState state)
    {
        var events = new List<ApplicationEvent>();
        foreach (var command in commands)
        {
            if (ApplicationDecider.Decide(command, state) is not Decision<ApplicationEvent>.Accepted accepted)
            {
                throw Refusal(command, state);
            }

            events.AddRange(accepted.Events);
            state = accepted.Events.Aggregate(state, static (before, happened) => before.Evolve(happened));
        }

        return events;
    }

    private static EngineException Refusal(ApplicationCommand command, ApplicationState state) =>
        new(((Decision<ApplicationEvent>.Rejected)ApplicationDecider.Decide(command, state)).Rejection);

    // In statements of their own behind the lock: their snapshots see what was committed while the lock was waited for.
    private static NpgsqlBatchCommand NoneBelowCommand(
        IReadOnlyDictionary<string, VersionRule> versions, IReadOnlyCollection<InstanceFact> letGo)
    {
        return new NpgsqlBatchCommand(
            """
            select coordinator.require_command(false, 'CO101', found.application || '/' || found.instance || ' runs version '
                || found.version || case when found.expires_at <= clock_timestamp() then '; its lease lapsed, it may be paused, not gone' else '' end)
            from (
                select i.* from coordinator.instance i join unnest($1, $2) as r(application, bound) using (application)
                where i.state = 0 and i.version < r.bound
                    and not (i.expires_at <= clock_timestamp()
                        and (i.application, i.instance) in (select l.application, l.instance from unnest($3, $4) as l(application, instance)))
                order by i.application, i.instance
                limit 1
                offset 0
            ) found
            """)
        {
            Parameters =
            {
                Names(versions),
                Bounds(versions, rule => rule.FreeOfOldFrom),
                new() { Value = letGo.Select(instance => instance.Application).ToArray() },
                new() { Value = letGo.Select(instance => instance.Instance).ToArray() },
            },
        };
    }

    private static NpgsqlBatchCommand NoneFromCommand(IReadOnlyDictionary<string, VersionRule> versions) => new(
        """
        select coordinator.require_command(false, 'CO102', found.application || '/' || found.instance || ' runs version '
            || found.version || case when found.expires_at <= clock_timestamp() then '; its lease lapsed, it may be paused, not gone' else '' end)
        from (
            select i.* from coordinator.instance i join unnest($1, $2) as r(application, bound) using (application)
            where i.state = 0 and i.version >= r.bound
            order by i.application, i.instance
            limit 1
            offset 0
        ) found
        """)
    {
        Parameters = { Names(versions), Bounds(versions, rule => rule.UsesNewFrom) },
    };

    private static NpgsqlParameter Names(IReadOnlyDictionary<string, VersionRule> versions) =>
        new() { Value = versions.Keys.ToArray() };

    private static NpgsqlParameter Bounds(IReadOnlyDictionary<string, VersionRule> versions, Func<VersionRule, long> bound) =>
        new() { Value = versions.Values.Select(bound).ToArray() };
}
