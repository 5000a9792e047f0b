using Coordinator.Domain;
using Coordinator.Engine;
using Coordinator.Server.Hosting;
using Npgsql;

namespace Coordinator.Server.Configuration;

/// <summary>
/// Checks the options as a whole, before anything is opened. <b>A listener that the network can reach does not start
/// without authentication</b>, so that nobody gets an open door by leaving a setting out.
/// </summary>
internal static class OptionsCheck
{
    private static readonly TimeSpan LongestDrain = TimeSpan.FromSeconds(20);

    /// <summary>Throws with everything that is wrong.</summary>
    /// <exception cref="InvalidConfigurationException">Something is.</exception>
    public static void Require(CoordinatorServerOptions options)
    {
        var problems = Problems(options, DescriptorLimit.Read());
        if (problems.Count > 0)
        {
            throw new InvalidConfigurationException(problems);
        }
    }

    /// <summary>Everything that is wrong.</summary>
    public static IReadOnlyList<ConfigurationProblem> Problems(CoordinatorServerOptions options, long descriptorLimit) =>
    [
        .. Database(options),
        .. options.Targets.SelectMany(target => Target(target.Key, target.Value.Shards)),
        .. ListenerCheck.Problems(options),
        .. GrantCheck.Problems(options),
        .. Connections(options, descriptorLimit),
        .. Limits(options.Limits),
        .. Drain(options.DrainTime),
        .. Timings(options.Timings),
    ];

    private static IEnumerable<ConfigurationProblem> Database(CoordinatorServerOptions options)
    {
        const string remedy = "Set it to the coordination database, for example Host=db;Database=coordinator;Username=coordinator.";
        if (string.IsNullOrWhiteSpace(options.ConnectionString))
        {
            yield return new("ConnectionString", "is not set.", remedy);
        }
        else if (!IsConnectionString(options.ConnectionString))
        {
            yield return new("ConnectionString", "is not a connection string.", remedy);
        }

        if (options.StartTimeout < TimeSpan.Zero)
        {
            yield return new("StartTimeout", "is negative.", "Use 00:00:00 to try once.");
        }
    }

    private static IEnumerable<ConfigurationProblem> Target(string name, Dictionary<string, string> shards)
    {
        var setting = $"Targets:{name}";
        if (!TargetName.TryParse(name, out _, out var why))
        {
            yield return new(setting, $"has a name that {why}.", "Rename it.");
        }

        if (shards.Count == 0)
        {
            yield return new(
                $"{setting}:Shards", "names no database.", "Add one entry, its name and its connection string, such as Shards:main.");
        }

        foreach (var (shard, connectionString) in shards)
        {
            if (!IsConnectionString(connectionString))
            {
                // Its text is not repeated: it may hold a password.
                yield return new(
                    $"{setting}:Shards:{shard}", "is not a connection string.", "Write it as Host=…;Database=…;Username=….");
            }
        }
    }

    private static IEnumerable<ConfigurationProblem> Connections(CoordinatorServerOptions options, long descriptorLimit)
    {
        var left = DescriptorLimit.ConnectionsUnder(descriptorLimit, options.Targets.Values.Sum(target => target.Shards.Count));
        if (left < DescriptorLimit.FewestConnections)
        {
            yield return new(
                "MaxConcurrentConnections",
                $"has no room: the process may open {descriptorLimit} files, and the databases need most of them.",
                $"Raise the limit (ulimit -n, LimitNOFILE) by at least {DescriptorLimit.FewestConnections - left}.");
        }
        else if (options.MaxConcurrentConnections is { } wanted && (wanted < 1 || wanted > left))
        {
            yield return new(
                "MaxConcurrentConnections",
                $"is {wanted}; with {descriptorLimit} open files the server can take 1 to {left}.",
                "Lower it, leave it out, or raise the limit (ulimit -n, LimitNOFILE).");
        }
    }

    // The host gives the whole stop 30 seconds.
    private static IEnumerable<ConfigurationProblem> Drain(TimeSpan drainTime)
    {
        if (drainTime < TimeSpan.Zero || drainTime > LongestDrain)
        {
            yield return new("DrainTime", $"is {drainTime}.", $"Set 00:00:00 to {LongestDrain}; with zero, streams end at once.");
        }
    }

    private static IEnumerable<ConfigurationProblem> Limits(LimitOptions limits)
    {
        if (limits.RegistrationsPerSecond < 1)
        {
            yield return new("Limits:RegistrationsPerSecond", $"is {limits.RegistrationsPerSecond}.", "Set at least 1; no instance could start.");
        }

        if (limits.SessionsPerConnection is < 1 or > Listeners.MaxStreamsPerConnection)
        {
            yield return new(
                "Limits:SessionsPerConnection",
                $"is {limits.SessionsPerConnection}; a connection carries 1 to {Listeners.MaxStreamsPerConnection} streams.",
                "Set a number in between, or leave it out.");
        }
    }

    private static IEnumerable<ConfigurationProblem> Timings(EngineOptions timings)
    {
        (string Name, TimeSpan Value)[] spans =
        [
            (nameof(timings.InstanceLease), timings.InstanceLease),
            (nameof(timings.HeartbeatInterval), timings.HeartbeatInterval),
            (nameof(timings.FenceGrace), timings.FenceGrace),
            (nameof(timings.BatchLease), timings.BatchLease),
            (nameof(timings.BatchLockTimeout), timings.BatchLockTimeout),
            (nameof(timings.BatchStatementTimeout), timings.BatchStatementTimeout),
            (nameof(timings.TickInterval), timings.TickInterval),
            (nameof(timings.TickGap), timings.TickGap),
            (nameof(timings.PaceInterval), timings.PaceInterval),
            (nameof(timings.PaceTimeout), timings.PaceTimeout),
            (nameof(timings.FullDiskPause), timings.FullDiskPause),
            (nameof(timings.BatchRetention), timings.BatchRetention),
            (nameof(timings.VerificationInterval), timings.VerificationInterval),
            (nameof(timings.VerificationFreshness), timings.VerificationFreshness),
            (nameof(timings.VerificationSecondLook), timings.VerificationSecondLook),
        ];
        if (timings.VerificationParallelism < 1)
        {
            yield return new(
                "Timings:VerificationParallelism", $"is {timings.VerificationParallelism}.", "Set at least 1; pause a migration to stop it.");
        }

        if (timings.ServerParallelism < 1)
        {
            yield return new("Timings:ServerParallelism", $"is {timings.ServerParallelism}.", "Set at least 1; pause a migration to stop it.");
        }

        foreach (var (name, value) in spans.Where(span => span.Value <= TimeSpan.Zero))
        {
            yield return new($"Timings:{name}", $"is {value}.", "Set a time above zero.");
        }

        if (timings.HeartbeatInterval > timings.InstanceLease / 2)
        {
            yield return new(
                "Timings:HeartbeatInterval",
                "is more than half of InstanceLease: one lost heartbeat would end a lease.",
                "Lower it, or raise InstanceLease.");
        }

        if (timings.TickGap < 2 * timings.TickInterval)
        {
            yield return new(
                "Timings:TickGap", "is less than two TickIntervals: one late tick would look like downtime.", "Raise it.");
        }
    }

    private static bool IsConnectionString(string text)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(text).Host is { Length: > 0 };
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or InvalidCastException)
        {
            return false;
        }
    }
}
