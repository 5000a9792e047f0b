using Coordinator.Domain.Gates;
using Coordinator.Domain.Specs;
using Coordinator.Engine.Targets;

namespace Coordinator.Engine.Fencing;

/// <summary>
/// The instances that a gate may leave to the fence: lapsed, in strict mode, with a role of their version on every shard, and seen
/// silent by this very look-out for the whole grace. Time in which nobody could have renewed a lease, such as a restart of the
/// coordination database or of this replica, begins the grace anew, so that no fleet is ended because Coordinator was down.
/// </summary>
internal sealed class LapsedInstances(TimeProvider time, TimeSpan grace)
{
    private readonly Dictionary<(string Application, string Instance), long> _silentSince = [];

    /// <summary>Looks again; what was not seen lapsed at one look starts afresh.</summary>
    public async Task<IReadOnlyCollection<InstanceFact>> LookAsync(
        IReadOnlyDictionary<string, VersionRule> versions,
        IReadOnlyList<InstanceFact> instances,
        Target target,
        bool rollback,
        CancellationToken cancellationToken)
    {
        var lapsed = instances
            .Where(instance => instance.Condition is InstanceCondition.Suspected
                && versions.TryGetValue(instance.Application, out var rule) && rule.IsStrict && rule.ShutsOut(instance.Version, rollback))
            .ToList();
        var now = time.GetTimestamp();
        var keys = lapsed.Select(Key).ToHashSet();
        foreach (var key in _silentSince.Keys.Where(key => !keys.Contains(key)).ToList())
        {
            _silentSince.Remove(key);
        }

        foreach (var key in keys)
        {
            _silentSince.TryAdd(key, now);
        }

        var silent = lapsed.Where(instance => time.GetElapsedTime(_silentSince[Key(instance)], now) >= grace).ToList();
        return silent.Count == 0 ? [] : await WithRolesAsync(versions, silent, target, cancellationToken);
    }

    private static async Task<IReadOnlyCollection<InstanceFact>> WithRolesAsync(
        IReadOnlyDictionary<string, VersionRule> versions,
        IReadOnlyCollection<InstanceFact> instances,
        Target target,
        CancellationToken cancellationToken)
    {
        var covered = instances.ToHashSet();
        foreach (var shard in target.Shards)
        {
            var roles = (await StrictRoles.ReadAsync(shard, versions, cancellationToken))
                .Select(role => (role.Application, role.Version)).ToHashSet();
            covered.RemoveWhere(instance => !roles.Contains((instance.Application, instance.Version)));
        }

        return covered;
    }

    private static (string Application, string Instance) Key(InstanceFact instance) => (instance.Application, instance.Instance);
}
