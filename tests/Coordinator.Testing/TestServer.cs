using Coordinator.Postgres.Embedded;

namespace Coordinator.Testing;

/// <summary>
/// The PostgreSQL server of a test run: the one that COORDINATOR_TEST_POSTGRES names (a connection string of a
/// superuser), else an embedded one, started once per process. A missing server fails the test; nothing is skipped.
/// </summary>
public static class TestServer
{
    private static readonly Lazy<Task<string>> Shared = new(StartAsync);

    /// <summary>A connection string of a superuser for the server's <c>postgres</c> database.</summary>
    public static Task<string> AdminConnectionStringAsync() => Shared.Value;

    private static async Task<string> StartAsync()
    {
        if (Environment.GetEnvironmentVariable("COORDINATOR_TEST_POSTGRES") is { Length: > 0 } named)
        {
            return named;
        }

        var server = await EmbeddedPostgres.StartAsync(Options(), CancellationToken.None);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.DisposeAsync().AsTask().Wait();
        return server.ConnectionString();
    }

    /// <summary>
    /// Settings for tests. fsync is off because no test cuts the power: what a killed server process wrote is in the
    /// kernel's cache. synchronous_commit stays on, because a commit must reach that cache before it is acknowledged.
    /// jit is off, as it is in Coordinator's own sessions: a cold catalogue query takes a hundred times longer to compile than to run.
    /// </summary>
    public static EmbeddedPostgresOptions Options() => new()
    {
        Settings = new Dictionary<string, string>
        {
            ["fsync"] = "off",
            ["full_page_writes"] = "off",
            ["max_connections"] = "300",
            ["shared_buffers"] = "256MB",
            ["jit"] = "off",
            ["max_prepared_transactions"] = "10",
        },
    };
}
