using System.Globalization;

namespace Coordinator.Domain.Specs;

/// <summary>
/// Which database role each schema version of an application connects with: strict mode. Either <paramref name="Pattern"/>, a role's
/// name with <c>{version}</c> in it, or <paramref name="Named"/>, version to role. A fence closes a version by its role, so no two
/// versions may share one.
/// </summary>
public sealed record VersionRoles(string? Pattern, IReadOnlyDictionary<long, string>? Named = null)
{
    /// <summary>What stands for the version in a pattern.</summary>
    public const string Placeholder = "{version}";

    /// <summary>The version's role; null where none is named.</summary>
    public string? RoleOf(long version) => Pattern is { } pattern
        ? pattern.Replace(Placeholder, version.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        : Named?.GetValueOrDefault(version);

    /// <summary>The version that connects with the role; null for a role of somebody else.</summary>
    public long? VersionOf(string role)
    {
        ArgumentNullException.ThrowIfNull(role);
        if (Pattern is not { } pattern)
        {
            foreach (var (version, named) in Named ?? new Dictionary<long, string>())
            {
                if (string.Equals(named, role, StringComparison.Ordinal))
                {
                    return version;
                }
            }

            return null;
        }

        var at = pattern.IndexOf(Placeholder, StringComparison.Ordinal);
        var tail = pattern.Length - at - Placeholder.Length;
        return at >= 0 && role.Length > at + tail
            && long.TryParse(role.AsSpan(at, role.Length - at - tail), NumberStyles.None, CultureInfo.InvariantCulture, out var found)
            && found >= 1
            // Compared with the role as it is written: a leading zero would be another role.
            && string.Equals(RoleOf(found), role, StringComparison.Ordinal)
            ? found
            : null;
    }
}
