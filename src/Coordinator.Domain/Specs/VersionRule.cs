using System.Text.Json.Serialization;

namespace Coordinator.Domain.Specs;

/// <summary>
/// The first version of an application that reads the new structure, and the first that no longer touches the old one.
/// Equal when triggers keep the two in sync. With <paramref name="Roles"/> the application is in strict mode: each version has a
/// database role of its own, and the gate closes those of retired versions in the target.
/// </summary>
public sealed record VersionRule(long UsesNewFrom, long FreeOfOldFrom, VersionRoles? Roles = null)
{
    /// <summary>Whether retired versions are kept out by the target itself.</summary>
    [JsonIgnore]
    public bool IsStrict => Roles is not null;

    /// <summary>Whether the gate shuts this version out: an old one before contract, a new one before a rollback.</summary>
    public bool ShutsOut(long version, bool rollback) => rollback ? version >= UsesNewFrom : version < FreeOfOldFrom;
}
