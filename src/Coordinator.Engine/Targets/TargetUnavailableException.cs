using Npgsql;

namespace Coordinator.Engine.Targets;

/// <summary>
/// A target can't be reached. It may be back in a moment, so callers may try again; nothing was changed.
/// </summary>
public sealed class TargetUnavailableException(TargetShard shard, Exception inner)
    : Exception($"Target '{shard.Target}' (shard '{shard.Name}') can't be reached: {Reason(inner)}", inner)
{
    /// <summary>The target's name.</summary>
    public string Target { get; } = shard.Target;

    /// <summary>The shard's name.</summary>
    public string Shard { get; } = shard.Name;

    /// <summary>True for what a broken connection or a server that is down looks like.</summary>
    public static bool Means(Exception exception) => exception switch
    {
        PostgresException postgres => IsConnectionState(postgres.SqlState),
        NpgsqlException => true,
        TimeoutException or IOException or System.Net.Sockets.SocketException => true,
        _ => false,
    };

    // Class 08, the server's shutdown and start-up states, a full server, and what a login can be refused with (class 28, a
    // database that is not there): that happens on connecting only, so nothing was begun.
    private static bool IsConnectionState(string state) =>
        state.StartsWith("08", StringComparison.Ordinal)
        || state.StartsWith("28", StringComparison.Ordinal)
        || state is PostgresErrorCodes.InvalidCatalogName or PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
            or PostgresErrorCodes.TooManyConnections;

    // Npgsql's texts name host and port but never a password.
    private static string Reason(Exception inner) => (inner.InnerException ?? inner).Message;
}
