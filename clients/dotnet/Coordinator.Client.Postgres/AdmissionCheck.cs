using System.Globalization;
using Coordinator.Client.Instances;
using Npgsql;

namespace Coordinator.Client.Postgres;

/// <summary>
/// Reads from the database itself which schema versions may use it now (<c>coordinator.admission</c>), so that the answer holds while
/// Coordinator is down too. A database that no migration has named the application in admits everything.
/// </summary>
internal static class AdmissionCheck
{
    private const string Query = "select min_version, max_version from coordinator.admission where application = $1";

    public static async Task RequireAsync(NpgsqlConnection connection, ICoordinatorInstance instance)
    {
        using var command = Command(connection, instance);
        try
        {
            var reader = await command.ExecuteReaderAsync().ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                if (await reader.ReadAsync().ConfigureAwait(false))
                {
                    Require(reader, instance);
                }
            }
        }
        catch (PostgresException none) when (IsNotInstalled(none))
        {
            // No Coordinator has ever prepared this database.
        }
    }

    public static void Require(NpgsqlConnection connection, ICoordinatorInstance instance)
    {
        using var command = Command(connection, instance);
        try
        {
            using var reader = command.ExecuteReader();
            if (reader.Read())
            {
                Require(reader, instance);
            }
        }
        catch (PostgresException none) when (IsNotInstalled(none))
        {
            // As above.
        }
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, ICoordinatorInstance instance) => new(Query, connection)
    {
        Parameters = { new NpgsqlParameter<string> { TypedValue = instance.Application } },
    };

    private static void Require(NpgsqlDataReader reader, ICoordinatorInstance instance)
    {
        var version = instance.SchemaVersion;
        var min = reader.GetInt64(0);
        long? max = reader.IsDBNull(1) ? null : reader.GetInt64(1);
        if (version < min)
        {
            throw new ConnectionRefusedException(
                ConnectionRefusedException.VersionRetired,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Schema version {version} of {instance.Application} is retired in this database: deploy version {min} or newer."));
        }

        if (version > max)
        {
            throw new ConnectionRefusedException(
                ConnectionRefusedException.VersionNotReady,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Schema version {version} of {instance.Application} needs a structure that is not complete in this database: run version {max} or older until the migration has filled it."));
        }
    }

    private static bool IsNotInstalled(PostgresException exception) =>
        exception.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName;
}
