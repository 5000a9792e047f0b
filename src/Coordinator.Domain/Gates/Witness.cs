using System.Globalization;
using Coordinator.Domain.Migrations;
using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Gates;

/// <summary>
/// The target's own testimony: sessions that show an old version, an application that the migration does not name, or nothing at all.
/// It finds what never registered. The caller leaves out Coordinator's own sessions and the server's. In strict mode a session's role
/// tells its version: one of a version that is shut out is not waited for, because the fence ends it; under any other role the label
/// still counts, so an old program that got hold of a new role is found.
/// </summary>
public static class Witness
{
    public const string SessionOfOldVersion = "SESSION_OF_OLD_VERSION";

    public const string SessionOfNewVersion = "SESSION_OF_NEW_VERSION";

    public const string ApplicationNotNamed = "APPLICATION_NOT_NAMED";

    public const string SessionUnattributed = "SESSION_UNATTRIBUTED";

    private static readonly TimeSpan LongIdle = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The sessions that testify against going on. With <paramref name="leaveToFence"/> false also those that strict mode's fence
    /// would end: nobody waits for them, but they work until then.
    /// </summary>
    public static IReadOnlyList<Blocker> Blockers(
        IReadOnlyDictionary<string, VersionRule> versions,
        IReadOnlyList<SessionFact> sessions,
        bool rollback,
        bool leaveToFence = true)
    {
        ArgumentNullException.ThrowIfNull(versions);
        return
        [
            .. sessions
                .OrderBy(static s => s.Shard, StringComparer.Ordinal)
                .ThenBy(static s => s.Pid)
                .Select(s => WithIdleness(ForSession(versions, s, rollback, leaveToFence), s.IdleFor))
                .OfType<Blocker>(),
        ];
    }

    private static Blocker? ForSession(
        IReadOnlyDictionary<string, VersionRule> versions, SessionFact session, bool rollback, bool leaveToFence)
    {
        var subject = string.Create(CultureInfo.InvariantCulture, $"{session.Shard}/{session.Pid}");
        if (session is { RoleApplication: { } owner, RoleVersion: { } closes } && versions.TryGetValue(owner, out var strict)
            && (strict.ShutsOut(closes, rollback) || session.Application is null))
        {
            return leaveToFence ? null : ForVersion(strict, owner, closes, subject, rollback);
        }

        return session switch
        {
            { Application: null } => new Blocker(
                SessionUnattributed,
                subject,
                $"a session of role {session.Role} labelled '{session.ApplicationName}' tells no application",
                "end it, or label it application@version"),
            { Application: { } name } when !versions.ContainsKey(name) => new Blocker(
                ApplicationNotNamed,
                subject,
                $"application {name} (role {session.Role}) uses the target, but the migration does not name it",
                "end it, or plan the migration again with that application under versions"),
            { Version: null } => new Blocker(
                SessionUnattributed,
                subject,
                $"a session of {session.Application} (role {session.Role}) tells no version",
                "end it, or label it application@version"),
            { Application: { } name, Version: { } version } => ForVersion(versions[name], name, version, subject, rollback),
        };
    }

    // A client that works, or a pool of its own, is hardly ever idle for long; a pooler's spare connections are.
    private static Blocker? WithIdleness(Blocker? blocker, TimeSpan? idle) => blocker is null || idle is not { } span || span < LongIdle
        ? blocker
        : blocker with
        {
            Message = $"{blocker.Message}, idle for {HumanDuration.Format(span)}",
            ClearedBy = $"{blocker.ClearedBy}; behind PgBouncer run RECONNECT there: an idle connection of its keeps the last client's label",
        };

    private static Blocker? ForVersion(VersionRule rule, string application, long version, string subject, bool rollback) =>
        rollback && version >= rule.UsesNewFrom
            ? new Blocker(
                SessionOfNewVersion,
                subject,
                string.Create(CultureInfo.InvariantCulture, $"a session of {application} version {version} uses the new structure"),
                string.Create(CultureInfo.InvariantCulture, $"stop that instance, or deploy a version below {rule.UsesNewFrom} there"))
        : !rollback && version < rule.FreeOfOldFrom
            ? new Blocker(
                SessionOfOldVersion,
                subject,
                string.Create(CultureInfo.InvariantCulture, $"a session of {application} version {version} is connected"),
                string.Create(CultureInfo.InvariantCulture, $"stop that instance, or deploy version {rule.FreeOfOldFrom} or newer there"))
        : null;
}
