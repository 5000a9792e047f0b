using Coordinator.Postgres.Catalog;
using Npgsql;

namespace Coordinator.Postgres.Health;

/// <summary>Who may do what: Coordinator's role enough and no more, workers' roles no DDL.</summary>
internal static class RoleChecks
{
    public static async Task<IReadOnlyList<TargetFinding>> RunAsync(
        NpgsqlConnection connection, TargetCheckOptions options, CancellationToken cancellationToken)
    {
        List<TargetFinding> findings = [.. await OwnRoleAsync(connection, cancellationToken)];
        foreach (var table in options.Tables)
        {
            findings.Add(await TableAsync(connection, table, cancellationToken));
        }

        foreach (var role in options.WorkerRoles)
        {
            findings.AddRange(await WorkerAsync(connection, role, options.Tables, cancellationToken));
        }

        return findings;
    }

    private static async Task<IReadOnlyList<TargetFinding>> OwnRoleAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var role = (await connection.QueryAsync(
            """
            select rolname::text, rolsuper,
                   pg_catalog.pg_has_role(oid, 'pg_monitor', 'usage') or pg_catalog.pg_has_role(oid, 'pg_read_all_stats', 'usage')
            from pg_catalog.pg_roles where rolname = current_user
            """,
            [],
            row => (Name: row.GetString(0), IsSuper: row.GetBoolean(1), CanSee: row.GetBoolean(2)),
            cancellationToken))[0];
        return
        [
            role.IsSuper
                ? Finding.Error(
                    "ROLE_IS_SUPERUSER",
                    $"Coordinator's role '{role.Name}' is a superuser.",
                    "use a role of its own: member of the tables' owners, CREATE on the database, pg_monitor")
                : Finding.Ok("ROLE", $"Coordinator's role '{role.Name}' is no superuser."),
            role.CanSee
                ? Finding.Ok("VISIBILITY", "Sessions of other roles can be seen.")
                : Finding.Error(
                    "NO_VISIBILITY",
                    $"Role '{role.Name}' can't see other roles' sessions, so neither blockers nor old instances can be told.",
                    $"grant pg_monitor to {Identifier.Quote(role.Name)}"),
        ];
    }

    private static async Task<TargetFinding> TableAsync(
        NpgsqlConnection connection, TableName table, CancellationToken cancellationToken)
    {
        var found = await connection.QueryAsync(
            """
            select pg_catalog.pg_get_userbyid(c.relowner)::text, pg_catalog.pg_has_role(current_user, c.relowner, 'usage')
            from pg_catalog.pg_class c
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            where n.nspname = $1 and c.relname = $2
            """,
            [table.Schema, table.Name],
            row => (Owner: row.GetString(0), IsMember: row.GetBoolean(1)),
            cancellationToken);
        return found switch
        {
            [] => Finding.Error("TABLE_NOT_FOUND", $"There is no table {table}.", "check the name; it is case-sensitive"),
            [{ IsMember: true }, ..] => Finding.Ok("TABLE_OWNER", $"Coordinator's role has the rights of the owner of {table}."),
            [var other, ..] => Finding.Error(
                "NOT_OWNER_MEMBER",
                $"{table} belongs to '{other.Owner}', whose rights Coordinator's role does not have; only an owner can alter a table.",
                $"grant {Identifier.Quote(other.Owner)} to Coordinator's role (with inherit)"),
        };
    }

    private static async Task<IReadOnlyList<TargetFinding>> WorkerAsync(
        NpgsqlConnection connection, string role, IReadOnlyList<TableName> tables, CancellationToken cancellationToken)
    {
        var found = await connection.QueryAsync(
            """
            select r.rolsuper, pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'create'),
                   array(select n.nspname::text from pg_catalog.pg_namespace n
                         where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
                           and pg_catalog.has_schema_privilege(r.oid, n.oid, 'create') order by 1),
                   array(select n.nspname || '.' || c.relname
                         from unnest($2::text[], $3::text[]) as w (nspname, relname)
                         join pg_catalog.pg_namespace n on n.nspname = w.nspname
                         join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.relname
                         where pg_catalog.pg_has_role(r.oid, c.relowner, 'member') order by 1),
                   array(select n.nspname || '.' || c.relname
                         from unnest($2::text[], $3::text[]) as w (nspname, relname)
                         join pg_catalog.pg_namespace n on n.nspname = w.nspname
                         join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.relname
                         where not (pg_catalog.has_any_column_privilege(r.oid, c.oid, 'select')
                                    and pg_catalog.has_any_column_privilege(r.oid, c.oid, 'update')
                                    and pg_catalog.has_schema_privilege(r.oid, n.oid, 'usage')) order by 1)
            from pg_catalog.pg_roles r where r.rolname = $1
            """,
            [role, tables.Select(table => table.Schema).ToArray(), tables.Select(table => table.Name).ToArray()],
            row => new WorkerFacts(
                row.GetBoolean(0),
                row.GetBoolean(1),
                row.GetFieldValue<string[]>(2),
                row.GetFieldValue<string[]>(3),
                row.GetFieldValue<string[]>(4)),
            cancellationToken);
        return found.Count == 0
            ? [Finding.Error("WORKER_ROLE_MISSING", $"There is no worker role '{role}'.", $"create role {Identifier.Quote(role)} login")]
            : Judge(role, found[0]);
    }

    private static List<TargetFinding> Judge(string role, WorkerFacts facts)
    {
        var findings = new List<TargetFinding>();
        if (facts.IsSuper)
        {
            findings.Add(Finding.Error(
                "WORKER_IS_SUPERUSER", $"Worker role '{role}' is a superuser.", $"alter role {Identifier.Quote(role)} nosuperuser"));
            return findings;
        }

        if (facts.Owned.Count > 0)
        {
            findings.Add(Finding.Error(
                "WORKER_IS_OWNER",
                $"Worker role '{role}' owns, or is a member of the owner of, {string.Join(", ", facts.Owned)}: it could alter them.",
                "give it SELECT and UPDATE instead"));
        }

        if (facts.MayCreateSchemas || facts.MayCreateIn.Count > 0)
        {
            findings.Add(Finding.Error(
                "WORKER_HAS_DDL_RIGHTS",
                $"Worker role '{role}' may create in {(facts.MayCreateSchemas ? "the database" : "schema " + string.Join(", ", facts.MayCreateIn))}.",
                "revoke create from it, and on schema public from public"));
        }

        if (facts.Unwritable.Count > 0)
        {
            findings.Add(Finding.Error(
                "WORKER_LACKS_RIGHTS",
                $"Worker role '{role}' can't read and update {string.Join(", ", facts.Unwritable)}.",
                "grant usage on the schema, and select and update on the tables"));
        }

        return findings.Count > 0 ? findings : [Finding.Ok("WORKER_ROLE", $"Worker role '{role}' has no DDL rights and what it needs.")];
    }

    private sealed record WorkerFacts(
        bool IsSuper,
        bool MayCreateSchemas,
        IReadOnlyList<string> MayCreateIn,
        IReadOnlyList<string> Owned,
        IReadOnlyList<string> Unwritable);
}
