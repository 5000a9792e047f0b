using System.Globalization;
using Coordinator.Domain.Gates;
using Coordinator.Domain.Migrations;
using Coordinator.Domain.Plans;
using Coordinator.Engine.Fencing;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Health;

namespace Coordinator.Engine.Driving;

/// <summary>
/// Looks at the sessions in the target, on every shard, as a witness that is independent of heartbeats: it also finds
/// applications that never sent one. Where rights are missing it says "cannot see", never "nobody there".
/// </summary>
internal static class TargetWitness
{
    /// <summary>What a gate waits for: in strict mode the sessions that the fence will end are left to it.</summary>
    public static Task<WitnessVerdict> LookAsync(
        MigrationPlan plan, Target target, bool rollback, CancellationToken cancellationToken) =>
        LookAsync(plan, target, rollback, leaveToFence: true, cancellationToken);

    /// <summary>All that a contract would hit at this moment, also the sessions that a fence would end first.</summary>
    public static Task<WitnessVerdict> LookAtAllAsync(MigrationPlan plan, Target target, CancellationToken cancellationToken) =>
        LookAsync(plan, target, rollback: false, leaveToFence: false, cancellationToken);

    private static async Task<WitnessVerdict> LookAsync(
        MigrationPlan plan, Target target, bool rollback, bool leaveToFence, CancellationToken cancellationToken)
    {
        var (sessions, blind) = await ReadAsync(plan, target, cancellationToken);
        return new WitnessVerdict([.. blind, .. Witness.Blockers(plan.Spec.Versions, sessions, rollback, leaveToFence)], new Dictionary<string, string>
        {
            ["witness"] = "pg_stat_activity",
            ["shards"] = target.Shards.Count.ToString(CultureInfo.InvariantCulture),
            ["sessions_seen"] = sessions.Count.ToString(CultureInfo.InvariantCulture),
        });
    }

    /// <summary>
    /// The sessions of old versions of some applications only: of those that send no heartbeats, and whose instances are therefore
    /// found by their connections.
    /// </summary>
    public static async Task<IReadOnlyList<Blocker>> LookAtAsync(
        IReadOnlyCollection<string> applications, MigrationPlan plan, Target target, CancellationToken cancellationToken)
    {
        var (sessions, blind) = await ReadAsync(plan, target, cancellationToken);
        var theirs = sessions.Where(session => applications.Contains(session.Application ?? session.RoleApplication)).ToList();
        return [.. blind, .. Witness.Blockers(plan.Spec.Versions, theirs, rollback: false)];
    }

    /// <summary>
    /// Those of the applications of which a session in the target may be an instance that the gate waits for: it shows such a version or
    /// none, or it shows no application at all. All of them where the sessions can't be seen.
    /// </summary>
    public static async Task<IReadOnlySet<string>> WhoMayBeThereAsync(
        IReadOnlySet<string> applications, MigrationPlan plan, Target target, CancellationToken cancellationToken)
    {
        var (sessions, blind) = await ReadAsync(plan, target, cancellationToken);
        return applications
            .Where(name => blind.Count > 0 || sessions.Any(session => (session.Application ?? session.RoleApplication) is not { } its
                || (its == name && (session.Version is not { } version || plan.Spec.Versions[name].ShutsOut(version, rollback: false)))))
            .ToHashSet(StringComparer.Ordinal);
    }

    private static async Task<(IReadOnlyList<SessionFact> Sessions, IReadOnlyList<Blocker> Blind)> ReadAsync(
        MigrationPlan plan, Target target, CancellationToken cancellationToken)
    {
        var tables = TargetPreparation.TablesOf(plan).Select(table => new TableName(table.Schema, table.Name)).ToList();
        var sessions = new List<SessionFact>();
        var blind = new List<Blocker>();
        foreach (var shard in target.Shards)
        {
            WitnessReport report;
            try
            {
                report = await SessionWitness.ReadAsync(
                    shard.DataSource, target.WorkerRoles, target.IgnoredRoles, tables, cancellationToken);
            }
            catch (Exception exception) when (TargetUnavailableException.Means(exception))
            {
                throw new TargetUnavailableException(shard, exception);
            }

            sessions.AddRange(report.Sessions.Select(session => ToFact(shard.Name, session, plan)));
            if (!report.CanSee)
            {
                blind.Add(new Blocker(
                    "WITNESS_CANNOT_SEE",
                    $"{target.Name}/{shard.Name}",
                    $"the sessions of the target can't be seen: {report.WhyNot}",
                    "grant pg_read_all_stats to Coordinator's role in that database"));
            }
        }

        return (sessions, blind);
    }

    // A session's label is application@version, which the client library and the documentation tell everybody to set. In strict
    // mode its role says the same, and nobody can choose another.
    private static SessionFact ToFact(string shard, WitnessedSession session, MigrationPlan plan)
    {
        var role = StrictRoles.Of(plan.Spec.Versions, [session.Role]) is [var strict] ? strict : null;
        var at = session.ApplicationName.LastIndexOf('@');
        var labelled = at > 0 & long.TryParse(
            session.ApplicationName.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var version);
        return new SessionFact(
            shard,
            session.Pid,
            session.Role,
            session.ApplicationName,
            labelled ? session.ApplicationName[..at] : null,
            labelled ? version : null,
            role?.Application,
            role?.Version,
            session.IdleFor);
    }
}
