using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Fences;
using Coordinator.Postgres.Health;

namespace Coordinator.Engine.Fencing;

/// <summary>Which roles of a server belong to which versions of the applications that are in strict mode.</summary>
internal static class StrictRoles
{
    /// <summary>Whether the target itself keeps versions out, for at least one application.</summary>
    public static bool AreUsed(MigrationSpec spec) => spec.Versions.Values.Any(rule => rule.IsStrict);

    /// <summary>The roles that exist, with what they belong to. A role that two patterns fit belongs to the first application by name.</summary>
    public static IReadOnlyList<StrictRole> Of(IReadOnlyDictionary<string, VersionRule> versions, IEnumerable<string> roleNames)
    {
        var strict = versions.Where(entry => entry.Value.IsStrict).OrderBy(entry => entry.Key, StringComparer.Ordinal).ToList();
        return
        [
            .. roleNames
                .Select(role => strict
                    .Where(entry => entry.Value.Roles!.VersionOf(role) is not null)
                    .Select(entry => new StrictRole(entry.Key, entry.Value.Roles!.VersionOf(role)!.Value, role))
                    .FirstOrDefault())
                .OfType<StrictRole>()
                .OrderBy(role => role.Application, StringComparer.Ordinal)
                .ThenBy(role => role.Version),
        ];
    }

    /// <summary>Those of the versions that a gate shuts out.</summary>
    public static IReadOnlyList<StrictRole> ShutOut(
        IReadOnlyDictionary<string, VersionRule> versions, IEnumerable<StrictRole> roles, bool rollback) =>
        [.. roles.Where(role => versions[role.Application].ShutsOut(role.Version, rollback))];

    /// <summary>The roles that a shard's server has.</summary>
    public static async Task<IReadOnlyList<StrictRole>> ReadAsync(
        TargetShard shard, IReadOnlyDictionary<string, VersionRule> versions, CancellationToken cancellationToken)
    {
        try
        {
            return Of(versions, await RoleFence.RoleNamesAsync(shard.DataSource, cancellationToken));
        }
        catch (Exception exception) when (TargetUnavailableException.Means(exception))
        {
            throw new TargetUnavailableException(shard, exception);
        }
    }

    /// <summary>What they are kept off.</summary>
    public static IReadOnlyList<GuardedRelation> Guarded(MigrationSpec spec, bool rollback) =>
        [.. GuardedColumn.Of(spec, rollback).Select(guarded => new GuardedRelation(
            new TableName(guarded.Table.Schema, guarded.Table.Name), guarded.Column))];
}
