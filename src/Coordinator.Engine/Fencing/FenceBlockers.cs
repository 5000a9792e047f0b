using System.Globalization;
using Coordinator.Domain.Migrations;
using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Fences;
using Npgsql;

namespace Coordinator.Engine.Fencing;

/// <summary>What keeps a fence from standing, named one by one with what would clear it.</summary>
internal static class FenceBlockers
{
    public const string RightsMissing = "FENCE_RIGHTS_MISSING";

    public const string RightRemains = "FENCE_RIGHT_REMAINS";

    public const string Busy = "FENCE_BUSY";

    public const string SupersededOrder = "FENCE_SUPERSEDED";

    public const string SessionRemains = "FENCE_SESSION_REMAINS";

    public const string OlderTransaction = "FENCE_OLDER_TRANSACTION";

    public const string PreparedTransaction = "FENCE_PREPARED_TRANSACTION";

    /// <summary>Null for an error that is none of a fence's: it is the driver's to tell.</summary>
    public static Blocker? ForRaise(string shard, string role, PostgresException refused) => refused.SqlState switch
    {
        PostgresErrorCodes.InsufficientPrivilege => new Blocker(
            RightsMissing,
            $"{shard}/{role}",
            $"Coordinator may not take login or rights from role {role}: {refused.MessageText}",
            "run the script of 'coordinator target check --spec FILE --sql' as an administrator"),
        PostgresErrorCodes.DependentObjectsStillExist => new Blocker(
            RightRemains,
            $"{shard}/{role}",
            $"role {role} granted its rights on to somebody, who would lose them with it",
            $"grant them as the table's owner, and revoke what {Identifier.Quote(role)} granted"),
        RoleFence.Superseded => new Blocker(
            SupersededOrder,
            $"{shard}/{role}",
            $"a newer order about this fence stands in the target: {refused.MessageText}",
            "wait: the present state is read again. If it stays, the coordination database is older than the target, restored from a backup"),
        _ when IsBusy(refused) => new Blocker(
            Busy,
            $"{shard}/{role}",
            $"somebody is changing the same role or grants: {refused.MessageText}",
            "wait: it is tried again"),
        _ => null,
    };

    /// <summary>Somebody changes the same role or grants right now; "tuple concurrently updated" is an internal error to PostgreSQL.</summary>
    public static bool IsBusy(PostgresException refused) => refused.SqlState is PostgresErrorCodes.LockNotAvailable
        or PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.InternalError;

    public static Blocker CannotTerminate(string shard) => new(
        RightsMissing,
        shard,
        "Coordinator may not end the sessions of retired versions",
        "grant pg_signal_backend to Coordinator's role");

    public static Blocker ForPower(string shard, RolePower power)
    {
        var role = Identifier.Quote(power.Role);
        var (message, clearedBy) = power.Kind switch
        {
            RolePowerKind.Login => ($"role {power.Role} can log in", "wait: its login is taken again; look who gave it back"),
            RolePowerKind.Superuser when power.Via == power.Role => ($"role {power.Role} is a superuser", $"alter role {role} nosuperuser"),
            RolePowerKind.Superuser => ($"role {power.Role} is a member of superuser {power.Via}", Leave(power, role)),
            RolePowerKind.Owner when power.Via == power.Role => (
                $"role {power.Role} owns {power.Relation}", $"alter table {power.Relation} owner to another role"),
            RolePowerKind.Owner => ($"role {power.Role} is a member of {power.Via}, which owns {power.Relation}", Leave(power, role)),
            RolePowerKind.Grant => (
                $"role {power.Role} has rights on {power.Relation} that {power.Grantor} granted",
                power.ByOwner ? "wait: they are taken again; look who gave them back" : $"revoke them as {Identifier.Quote(power.Grantor)}"),
            RolePowerKind.Group => ($"role {power.Role} has rights on {power.Relation} through its membership in {power.Via}", Leave(power, role)),
            RolePowerKind.Public => (
                $"role {power.Role} has rights on {power.Relation} through PUBLIC",
                $"revoke select, insert, update on {power.Relation} from public, and grant them to the roles that need them"),
            RolePowerKind.GrantedOn => (
                $"role {power.Role} granted rights on {power.Relation} on to {power.Via}", $"revoke what {role} granted"),
            _ => (
                $"role {power.Role} can read or write {power.Relation}, though no grant on it says so",
                $"take {role} out of predefined roles such as pg_read_all_data"),
        };
        return new Blocker(RightRemains, $"{shard}/{power.Role}", message, clearedBy);
    }

    public static Blocker ForRemnant(string shard, FenceRemnant remnant)
    {
        var age = string.Create(CultureInfo.InvariantCulture, $"{remnant.Age.TotalSeconds:0} s");
        return remnant.Kind switch
        {
            FenceRemnantKind.Session => new Blocker(
                SessionRemains,
                string.Create(CultureInfo.InvariantCulture, $"{shard}/{remnant.Pid}"),
                $"a session of role {remnant.Role} ('{remnant.Name}') was told to end and has not yet",
                "wait"),
            FenceRemnantKind.OlderTransaction => new Blocker(
                OlderTransaction,
                string.Create(CultureInfo.InvariantCulture, $"{shard}/{remnant.Pid}"),
                $"a transaction of {remnant.Role} ('{remnant.Name}'), which is a member of a closed role, runs since before the fence, for {age}",
                "wait for its end, or end that session"),
            _ => new Blocker(
                PreparedTransaction,
                $"{shard}/{remnant.Name}",
                $"prepared transaction '{remnant.Name}' of role {remnant.Role} waits for {age} to be ended",
                $"as {Identifier.Quote(remnant.Role)} or a superuser: commit prepared or rollback prepared '{remnant.Name.Replace("'", "''", StringComparison.Ordinal)}'"),
        };
    }

    private static string Leave(RolePower power, string role) =>
        $"revoke {Identifier.Quote(power.Via)} from {role}";
}
