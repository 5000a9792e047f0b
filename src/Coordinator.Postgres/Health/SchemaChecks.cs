using Coordinator.Postgres.Schema;
using Npgsql;

namespace Coordinator.Postgres.Health;

/// <summary>Coordinator's own schema in the target.</summary>
internal static class SchemaChecks
{
    public static async Task<IReadOnlyList<TargetFinding>> RunAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var owner = await connection.ScalarAsync<string>(
            "select pg_catalog.pg_get_userbyid(nspowner)::text from pg_catalog.pg_namespace where nspname = 'coordinator'",
            [],
            cancellationToken);
        if (owner is null)
        {
            return
            [
                await connection.ScalarAsync<bool>(
                    "select pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create')", [], cancellationToken)
                    ? Finding.Ok("SCHEMA", "Schema 'coordinator' is not there yet and can be created.")
                    : Finding.Error(
                        "SCHEMA_CANNOT_BE_CREATED",
                        "Schema 'coordinator' is not there and Coordinator's role can't create it.",
                        "grant create on database … to the role, or create the schema with the role as its owner"),
            ];
        }

        if (!await connection.ScalarAsync<bool>("select current_user = $1", [owner], cancellationToken))
        {
            return
            [
                Finding.Error(
                    "SCHEMA_OWNER",
                    $"Schema 'coordinator' belongs to '{owner}', not to Coordinator's role.",
                    "use the role that installed it, or alter schema coordinator owner to …"),
            ];
        }

        var version = await TargetSchema.ReadVersionAsync(connection, cancellationToken);
        return
        [
            version == TargetSchema.LatestVersion
                ? Finding.Ok("SCHEMA", $"Schema 'coordinator' has version {version}.")
                : version < TargetSchema.LatestVersion
                    ? Finding.Warning(
                        "SCHEMA_VERSION",
                        $"Schema 'coordinator' has version {version}, not {TargetSchema.LatestVersion} yet.",
                        "nothing: it is upgraded when a migration starts")
                    : Finding.Warning(
                        "SCHEMA_VERSION",
                        $"Schema 'coordinator' has version {version}, newer than this program's {TargetSchema.LatestVersion}.",
                        "use the newer Coordinator"),
        ];
    }
}
