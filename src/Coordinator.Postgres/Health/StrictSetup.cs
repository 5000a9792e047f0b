using System.Text;
using Coordinator.Postgres.Catalog;
using Npgsql;

namespace Coordinator.Postgres.Health;

/// <summary>
/// SQL for an administrator that sets strict mode up in one database: the versions' roles, their own rights on the tables, and what
/// Coordinator's role needs to close them. It may be run again. It takes nothing from anybody: what has to be taken, such as the
/// application's old common role, is a matter of the next deploy.
/// </summary>
public static class StrictSetup
{
    /// <summary>The script for the given roles, those that do not exist yet included.</summary>
    public static async Task<string> ScriptAsync(
        NpgsqlDataSource source,
        IReadOnlyCollection<StrictRole> roles,
        IReadOnlyCollection<TableName> tables,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(roles);
        ArgumentNullException.ThrowIfNull(tables);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var own = Identifier.Quote((await connection.ScalarAsync<string>("select current_user::text", [], cancellationToken))!);
        var admin = connection.PostgreSqlVersion.Major >= 16;
        var database = (await connection.ScalarAsync<string>("select current_database()::text", [], cancellationToken))!;
        var script = new StringBuilder();
        script.Append("-- Strict mode in database ").Append(database.ReplaceLineEndings(" ")).Append("; run by an administrator, in this database.\n");
        script.Append("-- Give the roles passwords, or another way to log in.\n");
        script.Append("alter role ").Append(own).Append(" createrole;\n");
        script.Append("grant pg_signal_backend to ").Append(own).Append(";\n");
        foreach (var role in roles)
        {
            Append(script, role, own, admin, tables);
        }

        return script.ToString();
    }

    private static void Append(StringBuilder script, StrictRole role, string own, bool admin, IReadOnlyCollection<TableName> tables)
    {
        var quoted = Identifier.Quote(role.Role);
        var literal = $"'{role.Role.Replace("'", "''", StringComparison.Ordinal)}'";
        var body = $"begin if not exists (select from pg_roles where rolname = {literal}) then create role {quoted} login; end if; end";
        script.Append(System.Globalization.CultureInfo.InvariantCulture, $"\n-- {role.Application} version {role.Version}\n");
        // Quoted as a literal, not by dollars, which could stand in a role's name.
        script.Append("do '").Append(body.Replace("'", "''", StringComparison.Ordinal)).Append("';\n");
        if (admin)
        {
            script.Append("grant ").Append(quoted).Append(" to ").Append(own).Append(" with admin true, inherit false, set false;\n");
        }

        foreach (var schema in tables.Select(table => table.Schema).Distinct(StringComparer.Ordinal))
        {
            script.Append("grant usage on schema ").Append(Identifier.Quote(schema)).Append(" to ").Append(quoted).Append(";\n");
        }

        foreach (var table in tables)
        {
            script.Append("grant select, insert, update, delete on ").Append(table.Sql).Append(" to ").Append(quoted).Append(";\n");
        }
    }
}
