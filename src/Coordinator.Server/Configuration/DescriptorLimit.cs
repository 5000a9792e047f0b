using System.Globalization;

namespace Coordinator.Server.Configuration;

/// <summary>
/// How many connections the process may take. When accept() fails for want of a file descriptor, Kestrel ends the
/// process, and with it every session: so the limit is set below that, and connections above it are closed one by one.
/// </summary>
internal static class DescriptorLimit
{
    /// <summary>For assemblies, logs, timers and the listeners themselves.</summary>
    private const int OwnFiles = 200;

    /// <summary>The pool of the coordination database, and what listens and holds locks beside it.</summary>
    private const int CoordinationConnections = 150;

    /// <summary>Connections to one shard of a target.</summary>
    private const int ConnectionsPerShard = 30;

    private const long WhereUnknown = 1024;

    /// <summary>Fewer clients than this are not worth starting for.</summary>
    public const int FewestConnections = 50;

    /// <summary>The soft limit of this process.</summary>
    public static long Read()
    {
        const string limits = "/proc/self/limits";
        if (!File.Exists(limits))
        {
            return WhereUnknown;
        }

        var line = File.ReadLines(limits).FirstOrDefault(static text => text.StartsWith("Max open files", StringComparison.Ordinal));
        var soft = line?["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit
            : soft == "unlimited" ? int.MaxValue
            : WhereUnknown;
    }

    /// <summary>What a limit leaves for connections of callers.</summary>
    public static long ConnectionsUnder(long limit, int shards) =>
        limit - OwnFiles - CoordinationConnections - ((long)ConnectionsPerShard * shards);
}
