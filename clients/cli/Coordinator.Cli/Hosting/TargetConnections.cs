using System.CommandLine;
using Coordinator.Cli.Invocation;

namespace Coordinator.Cli.Hosting;

/// <summary><c>--target NAME=CONNECTION</c>, and the environment variables that say the same where others can't read it.</summary>
internal static class TargetConnections
{
    public const string VariablePrefix = "COORDINATOR_TARGET_";

    public static Option<string[]> CreateOption(string description) => new("--target", "-t")
    {
        Description = description,
        HelpName = "NAME=CONNECTION",
    };

    /// <exception cref="UsageException">One of them has no name or no connection string. Their texts are not repeated: they may hold passwords.</exception>
    public static Dictionary<string, string> Parse(IEnumerable<string>? flags)
    {
        var targets = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var flag in flags ?? [])
        {
            // A connection string has '=' too; the name ends at the first one.
            var parts = flag.Split('=', 2, StringSplitOptions.TrimEntries);
            if (parts is not [{ Length: > 0 } name, { Length: > 0 } connection] || !connection.Contains('=', StringComparison.Ordinal))
            {
                throw new UsageException(
                    "A --target is not of the form NAME=CONNECTION.",
                    "Write it as --target shop=\"Host=db;Database=shop;Username=worker\".");
            }

            targets[name] = connection;
        }

        return targets;
    }

    /// <summary>
    /// <c>COORDINATOR_TARGET_SHOP_EU</c> is the target <c>shop-eu</c>; a second pair of underscores divides target from shard, so
    /// <c>COORDINATOR_TARGET_SHOP__EU_1</c> is shard <c>eu-1</c> of <c>shop</c>.
    /// </summary>
    public static Dictionary<string, string> FromEnvironment(CommandEnvironment environment) => environment.Variables()
        .Where(static v => v.Key.StartsWith(VariablePrefix, StringComparison.Ordinal) && v.Value.Length > 0)
        .ToDictionary(static v => TargetName(v.Key[VariablePrefix.Length..]), static v => v.Value, StringComparer.Ordinal);

    private static string TargetName(string suffix) =>
        suffix.ToLowerInvariant().Replace("__", "/", StringComparison.Ordinal).Replace('_', '-');
}
