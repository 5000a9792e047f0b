using Coordinator.Engine.Leasing;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Identity;
using Coordinator.Postgres.Ledger;

namespace Coordinator.Engine.Migrations;

/// <summary>
/// The fence of one migration on every shard of its target. When a raise returns, no batch that was granted before it
/// can commit any more; that is what makes a pause, a rollback and the contract safe to acknowledge.
/// </summary>
internal sealed class MigrationFence(TargetRegistry targets)
{
    // One Coordinator per target: the fence row carries the id of the coordination database that owns it.
    public async Task<IReadOnlyDictionary<string, TargetFence>> EnsureAsync(
        string target, string migration, Guid coordinatorId, CancellationToken cancellationToken) =>
        await OnEveryShardAsync(
            target,
            async shard => await FenceControl.EnsureAsync(shard.DataSource, migration, coordinatorId, cancellationToken),
            cancellationToken);

    /// <summary>Raises the fence everywhere and waits until nothing older is left.</summary>
    public async Task<IReadOnlyDictionary<string, TargetFence>> RaiseAsync(
        string target, string migration, FenceMode mode, CancellationToken cancellationToken) =>
        await OnEveryShardAsync(
            target,
            async shard => await FenceControl.RaiseAsync(shard.DataSource, migration, mode, cancellationToken),
            cancellationToken);

    /// <summary>Brings the fence into the mode, unless it is, and in either case waits until nothing older is left.</summary>
    public async Task HoldAsync(string target, string migration, FenceMode mode, CancellationToken cancellationToken)
    {
        foreach (var shard in targets.Get(target).Shards)
        {
            try
            {
                await FenceControl.HoldAsync(shard.DataSource, migration, mode, cancellationToken);
            }
            catch (Exception exception) when (TargetUnavailableException.Means(exception))
            {
                throw new TargetUnavailableException(shard, exception);
            }
        }
    }

    private async Task<IReadOnlyDictionary<string, TargetFence>> OnEveryShardAsync(
        string target, Func<TargetShard, Task<long>> change, CancellationToken cancellationToken)
    {
        var fences = new Dictionary<string, TargetFence>(StringComparer.Ordinal);
        foreach (var shard in targets.Get(target).Shards)
        {
            try
            {
                var generation = await change(shard);
                var identity = await TargetIdentity.ReadAsync(shard.DataSource, cancellationToken);
                fences[shard.Name] = new TargetFence(generation, identity.SystemIdentifier, identity.Timeline);
            }
            catch (Exception exception) when (TargetUnavailableException.Means(exception))
            {
                throw new TargetUnavailableException(shard, exception);
            }
        }

        return fences;
    }
}
