using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Fences;
using Npgsql;

namespace Coordinator.Postgres.Health;

/// <summary>
/// Whether strict mode could hold in a database: every version's role can be closed by Coordinator's, and has its rights by grants
/// of its own, because nothing else can be taken from it alone. Changes nothing.
/// </summary>
public static class StrictChecks
{
    /// <summary>All findings, good and bad.</summary>
    public static async Task<IReadOnlyList<TargetFinding>> RunAsync(
        NpgsqlDataSource source,
        IReadOnlyCollection<StrictRole> roles,
        IReadOnlyCollection<GuardedRelation> guarded,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(roles);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var powers = await RolePowers.ReadAsync(connection, [.. roles.Select(role => role.Role)], guarded, cancellationToken);
        var own = await OwnRightsAsync(connection, roles, cancellationToken);
        var findings = new List<TargetFinding>();
        if (!own.MayTerminate)
        {
            findings.Add(Finding.Error(
                "STRICT_CANNOT_TERMINATE",
                $"Coordinator's role '{own.Role}' may not end the sessions of retired versions.",
                $"grant pg_signal_backend to {Identifier.Quote(own.Role)}"));
        }

        foreach (var role in roles)
        {
            var problems = Judge(role, [.. powers.Where(power => power.Role == role.Role)], own);
            findings.AddRange(problems.Count > 0
                ? problems
                : [Finding.Ok("STRICT_ROLE", $"Role '{role.Role}' ({role.Application} version {role.Version}) can be closed.")]);
        }

        return findings;
    }

    private static List<TargetFinding> Judge(StrictRole role, IReadOnlyList<RolePower> powers, OwnRights own)
    {
        var findings = new List<TargetFinding>();
        var quoted = Identifier.Quote(role.Role);
        if (own.Unalterable.Contains(role.Role))
        {
            findings.Add(Finding.Error(
                "STRICT_CANNOT_ALTER_ROLE",
                $"Coordinator's role '{own.Role}' may not alter role '{role.Role}', so it could not take its login.",
                own.NeedsAdminOption
                    ? $"alter role {Identifier.Quote(own.Role)} createrole; grant {quoted} to {Identifier.Quote(own.Role)} with admin true, inherit false, set false"
                    : $"alter role {Identifier.Quote(own.Role)} createrole"));
        }

        // A right by several ways to several relations is still one thing to do.
        findings.AddRange(powers.Select(power => ForPower(role, power)).OfType<TargetFinding>().Distinct());
        return findings;
    }

    private static TargetFinding? ForPower(StrictRole role, RolePower power)
    {
        var quoted = Identifier.Quote(role.Role);
        var itself = power.Via == power.Role;
        return power.Kind switch
        {
            RolePowerKind.Superuser => Finding.Error(
                "STRICT_ROLE_PRIVILEGED",
                itself ? $"Role '{role.Role}' is a superuser." : $"Role '{role.Role}' is a member of superuser '{power.Via}'.",
                itself ? $"alter role {quoted} nosuperuser" : $"revoke {Identifier.Quote(power.Via)} from {quoted}"),
            RolePowerKind.Owner => Finding.Error(
                "STRICT_ROLE_PRIVILEGED",
                itself ? $"Role '{role.Role}' owns {power.Relation}." : $"Role '{role.Role}' is a member of '{power.Via}', which owns {power.Relation}.",
                itself ? $"alter table {power.Relation} owner to another role" : $"revoke {Identifier.Quote(power.Via)} from {quoted}"),
            RolePowerKind.Grant when !power.ByOwner => Finding.Error(
                "STRICT_FOREIGN_GRANT",
                $"Role '{role.Role}' has rights on {power.Relation} from '{power.Grantor}', who is not its owner: Coordinator can't take them.",
                $"revoke them as {Identifier.Quote(power.Grantor)}, and grant them as the owner"),
            RolePowerKind.Group or RolePowerKind.Public => Finding.Error(
                "STRICT_RIGHT_THROUGH_GROUP",
                $"Role '{role.Role}' has rights on {power.Relation} through {power.Via}: taking its own would change nothing.",
                $"grant them to {quoted} itself, then {WayOut(power, quoted)}"),
            RolePowerKind.Privilege when !itself => null,
            RolePowerKind.Privilege => Finding.Error(
                "STRICT_RIGHT_THROUGH_GROUP",
                $"Role '{role.Role}' has rights on {power.Relation} that no grant on it explains, as a member of pg_read_all_data for instance.",
                $"take {quoted} out of every predefined role"),
            RolePowerKind.GrantedOn => Finding.Error(
                "STRICT_RIGHT_GRANTED_ON",
                $"Role '{role.Role}' granted rights on {power.Relation} on to {power.Via}, who would lose them with it.",
                $"grant them as the owner, and revoke what {quoted} granted"),
            _ => null,
        };
    }

    private static string WayOut(RolePower power, string role) => power.Kind is RolePowerKind.Public
        ? $"revoke select, insert, update on {power.Relation} from public"
        : $"revoke {Identifier.Quote(power.Via)} from {role}";

    private static async Task<OwnRights> OwnRightsAsync(
        NpgsqlConnection connection, IReadOnlyCollection<StrictRole> roles, CancellationToken cancellationToken)
    {
        // From 16 on, CREATEROLE alone alters nobody: it takes the admin option on the role as well.
        var needsAdmin = connection.PostgreSqlVersion.Major >= 16;
        var rows = await connection.QueryAsync(
            """
            select o.rolname::text,
                   pg_catalog.pg_has_role(o.oid, 'pg_signal_backend', 'usage') or o.rolsuper,
                   array(select r.rolname::text from pg_catalog.pg_roles r
                         where r.rolname = any ($1) and not o.rolsuper
                           and not (o.rolcreaterole and (not $2 or pg_catalog.pg_has_role(o.oid, r.oid, 'member with admin option'))))
            from pg_catalog.pg_roles o where o.rolname = current_user
            """,
            [roles.Select(role => role.Role).ToArray(), needsAdmin],
            row => new OwnRights(row.GetString(0), row.GetBoolean(1), needsAdmin, row.GetFieldValue<string[]>(2)),
            cancellationToken);
        return rows[0];
    }

    private sealed record OwnRights(string Role, bool MayTerminate, bool NeedsAdminOption, IReadOnlyList<string> Unalterable);
}
