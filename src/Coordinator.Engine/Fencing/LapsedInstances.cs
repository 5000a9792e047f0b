using Coordinator.Domain.Gates;
using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;
using Coordinator.Engine.Driving;
using Coordinator.Engine.Targets;

namespace Coordinator.Engine.Fencing;

/// <summary>
/// The lapsed instances that a gate need not wait for, seen silent by this very look-out all the time: in strict mode for the whole
/// grace, with a role of their version on every shard, because the fence takes them; in cooperative mode only where the specification
/// says so, never before a rollback, and as long as no session in the target can be theirs. Time in which nobody could have renewed a lease, such as a restart
/// of the coordination database or of this replica, begins anew, so that no fleet is ended because Coordinator was down.
/// </summary>
internal sealed class LapsedInstances(TimeProvider time, TimeSpan grace)
{
    private readonly Dictionary<(string Application, string Instance), long> _silentSince = [];

    /// <summary>Looks again; what was not seen lapsed at one look starts afresh.</summary>
    public async Task<IReadOnlyCollection<InstanceFact>> LookAsync(
        MigrationPlan plan,
        IReadOnlyList<InstanceFact> instances,
        Target target,
        bool rollback,
        CancellationToken cancellationToken)
    {
        var versions = plan.Spec.Versions;
        var now = time.GetTimestamp();
        var lapsed = instances
            .Where(instance => instance.Condition is InstanceCondition.Suspected
                && versions.TryGetValue(instance.Application, out var rule)
                && (rule.IsStrict || (rule.WitnessAfter is not null && !rollback)) && rule.ShutsOut(instance.Version, rollback))
            .ToList();
        var witnessed = lapsed.Select(instance => instance.Application).Where(name => !versions[name].IsStrict).ToHashSet();
        if (witnessed.Count > 0)
        {
            var present = await TargetWitness.WhoMayBeThereAsync(witnessed, plan, target, cancellationToken);
            lapsed.RemoveAll(instance => present.Contains(instance.Application));
        }

        var keys = lapsed.Select(Key).ToHashSet();
        foreach (var key in _silentSince.Keys.Where(key => !keys.Contains(key)).ToList())
        {
            _silentSince.Remove(key);
        }

        foreach (var key in keys)
        {
            _silentSince.TryAdd(key, now);
        }

        var silent = lapsed
            .Where(instance => time.GetElapsedTime(_silentSince[Key(instance)], now) >= (versions[instance.Application].WitnessAfter ?? grace))
            .ToLookup(instance => versions[instance.Application].IsStrict);
        return silent[true].Any()
            ? [.. silent[false], .. await WithRolesAsync(versions, [.. silent[true]], target, cancellationToken)]
            : [.. silent[false]];
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
