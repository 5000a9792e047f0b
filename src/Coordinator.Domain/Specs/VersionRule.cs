using System.Text.Json.Serialization;

namespace Coordinator.Domain.Specs;

/// <summary>
/// The first version of an application that reads the new structure, and the first that no longer touches the old one.
/// Equal when triggers keep the two in sync. With <paramref name="Roles"/> the application is in strict mode: each version has a
/// database role of its own, and the gate closes those of retired versions in the target. With <paramref name="WitnessAfter"/> an
/// instance whose lease lapsed is taken for gone when for so long neither it was heard nor a session in the target could be its own:
/// weaker, since a paused program without a connection is taken for gone too.
/// </summary>
public sealed record VersionRule(long UsesNewFrom, long FreeOfOldFrom, VersionRoles? Roles = null, TimeSpan? WitnessAfter = null)
{
    /// <summary>Whether retired versions are kept out by the target itself.</summary>
    [JsonIgnore]
    public bool IsStrict => Roles is not null;

    /// <summary>Whether the gate shuts this version out: an old one before contract, a new one before a rollback.</summary>
    public bool ShutsOut(long version, bool rollback) => rollback ? version >= UsesNewFrom : version < FreeOfOldFrom;
}
