using System.Globalization;
using System.Reflection;
using Coordinator.Postgres.Catalog;
using Npgsql;

namespace Coordinator.Postgres.Schema;

/// <summary>
/// Coordinator's own schema in a target: numbered scripts, each applied once and recorded in
/// <c>coordinator.target_schema_version</c>. Safe to call from several replicas at once, and again.
/// </summary>
public static class TargetSchema
{
    private const string ResourcePrefix = "Coordinator.Postgres.Schema.";
    private const long InstallKey = 0x636f6f7264_0001;
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>Installs what is missing, and lets the worker roles reach the functions of the batch protocol.</summary>
    /// <exception cref="PostgresException">A right is missing: see <c>coordinator target check</c>.</exception>
    public static async Task InstallAsync(
        NpgsqlDataSource source, IReadOnlyList<string> workerRoles, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(workerRoles);
        while (!await TryInstallAsync(source, workerRoles, cancellationToken))
        {
            await Task.Delay(PollInterval, cancellationToken);
        }
    }

    /// <summary>The newest script's number: what an installed target records.</summary>
    public static int LatestVersion => Scripts().Keys.Max();

    /// <summary>The version that the target has; 0 where nothing is installed.</summary>
    public static async Task<int> ReadVersionAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await ReadVersionAsync(connection, cancellationToken);
    }

    internal static async Task<int> ReadVersionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (!await connection.ScalarAsync<bool>(
                "select to_regclass('coordinator.target_schema_version') is not null", [], cancellationToken))
        {
            return 0;
        }

        return await connection.ScalarAsync<int>(
            "select coalesce(max(version), 0) from coordinator.target_schema_version", [], cancellationToken);
    }

    /// <summary>False when another replica is at it, or a lock was not to be had: the caller looks again.</summary>
    private static async Task<bool> TryInstallAsync(
        NpgsqlDataSource source, IReadOnlyList<string> workerRoles, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        try
        {
            await connection.ExecuteAsync(
                "set local lock_timeout = '500ms'; set local idle_in_transaction_session_timeout = '10s'", [], cancellationToken);
            // Tried and polled, never waited for: a waiter's snapshot would hold up a concurrent index build for ever.
            if (!await connection.ScalarAsync<bool>(
                    "select pg_try_advisory_xact_lock($1)", [InstallKey], cancellationToken))
            {
                return false;
            }

            await ApplyMissingAsync(connection, cancellationToken);
            await GrantAsync(connection, workerRoles, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return true;
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
        {
            return false;
        }
    }

    private static async Task ApplyMissingAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // CREATE SCHEMA IF NOT EXISTS asks for CREATE on the database even where the schema exists.
        if (!await connection.ScalarAsync<bool>("select to_regnamespace('coordinator') is not null", [], cancellationToken))
        {
            await connection.ExecuteAsync("create schema coordinator", [], cancellationToken);
        }

        var installed = await ReadVersionAsync(connection, cancellationToken);
        if (installed == 0)
        {
            await connection.ExecuteAsync(
                """
                create table if not exists coordinator.target_schema_version (
                    version      int         primary key,
                    installed_at timestamptz not null
                )
                """,
                [],
                cancellationToken);
        }

        foreach (var (version, script) in Scripts().Where(script => script.Key > installed))
        {
            await connection.ExecuteAsync(await ReadAsync(script, cancellationToken), [], cancellationToken);
            await connection.ExecuteAsync(
                "insert into coordinator.target_schema_version (version, installed_at) values ($1, now())",
                [version],
                cancellationToken);
        }
    }

    /// <summary>
    /// PostgreSQL lets everybody execute a new function, and default privileges of one schema can't take that back, so
    /// it is taken back here. Only what differs is written: another replica may be creating a function right now.
    /// </summary>
    private static async Task GrantAsync(
        NpgsqlConnection connection, IReadOnlyList<string> workerRoles, CancellationToken cancellationToken)
    {
        var open = await connection.QueryAsync(
            """
            select oid::regprocedure::text from pg_catalog.pg_proc
            where pronamespace = 'coordinator'::regnamespace and proowner = current_user::regrole
              and exists (select from aclexplode(coalesce(proacl, acldefault('f', proowner))) where grantee = 0)
            order by 1
            """,
            [],
            row => row.GetString(0),
            cancellationToken);
        foreach (var function in open)
        {
            await connection.ExecuteAsync($"revoke execute on function {function} from public", [], cancellationToken);
        }

        foreach (var role in workerRoles)
        {
            var closed = await connection.QueryAsync(
                """
                select oid::regprocedure::text from pg_catalog.pg_proc
                where pronamespace = 'coordinator'::regnamespace and proname = any($1)
                  and not has_function_privilege($2, oid, 'execute')
                order by 1
                """,
                [WorkerFunctions.Names, role],
                row => row.GetString(0),
                cancellationToken);
            foreach (var function in closed)
            {
                await connection.ExecuteAsync(
                    $"grant execute on function {function} to {Identifier.Quote(role)}", [], cancellationToken);
            }
        }
    }

    private static SortedDictionary<int, string> Scripts()
    {
        var names = Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal));
        return new(names.ToDictionary(
            name => int.Parse(name.AsSpan(ResourcePrefix.Length, 4), NumberStyles.None, CultureInfo.InvariantCulture)));
    }

    private static async Task<string> ReadAsync(string resource, CancellationToken cancellationToken)
    {
        await using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"The resource '{resource}' is not in the assembly.");
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(cancellationToken);
    }
}
