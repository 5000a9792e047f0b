using Coordinator.Domain.Gates;
using Coordinator.Domain.Migrations;
using Coordinator.Engine.Applications;
using Coordinator.Engine.Fencing;
using Coordinator.Engine.Migrations;
using Coordinator.EventStore.Listening;

namespace Coordinator.Engine.Driving;

/// <summary>
/// The gate in the other direction: the ceiling is lowered already, so no new version can register; wait until none is
/// left, by heartbeats and by the sessions in the target; in strict mode the new version's role is closed as well, until the new
/// structure is gone. Until then writes of the new version are still mirrored.
/// </summary>
internal sealed class RollbackGate(
    MigrationStream stream, GateFactsReader facts, EngineOptions options, TimeProvider time, AppendListener appended)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private static readonly RequestContext Driver = new("coordinator");

    /// <summary>Returns when the new structure can be dropped.</summary>
    public async Task WaitAsync(StepRun run, CancellationToken cancellationToken)
    {
        // Behind a fence that stands since an earlier step, nobody is waited for once more.
        var lapsed = new LapsedInstances(time, run.State.IsFenced ? TimeSpan.Zero : options.FenceGrace);
        while (true)
        {
            var seen = appended.Current;
            var (state, version) = await stream.LoadAsync(run.Migration, cancellationToken);
            var versions = run.Plan.Spec.Versions;
            var now = await facts.ReadAsync([.. versions.Keys], cancellationToken);
            var letGo = await lapsed.LookAsync(run.Plan, now.Instances, run.Target, rollback: true, cancellationToken);
            var blockers = Drain.Blockers(versions, now.Instances, now.Populations, rollback: true, letGo);
            if (blockers.Count == 0)
            {
                blockers = (await TargetWitness.LookAsync(run.Plan, run.Target, rollback: true, cancellationToken)).Blockers;
            }

            if (blockers.Count == 0)
            {
                blockers = await FenceAsync(run, state, version, now.Now, cancellationToken);
            }

            if (blockers.Count == 0)
            {
                return;
            }

            await stream.ExecuteAsync(
                run.Migration, new MigrationCommand.BlockGate(blockers), Driver, enlist: null, cancellationToken);
            await run.Activity.SayAsync($"rolling back: {BlockerText.Summary(blockers)}", cancellationToken);
            await appended.WaitAsync(seen, Interval, cancellationToken);
        }
    }

    private async Task<IReadOnlyList<Blocker>> FenceAsync(
        StepRun run, MigrationState state, long version, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (!StrictRoles.AreUsed(run.Plan.Spec))
        {
            return [];
        }

        var fence = await VersionFence.RaiseAsync(run, version, rollback: true, cancellationToken);
        if (fence.Blockers.Count == 0 && !state.IsFenced)
        {
            await stream.ExecuteAsync(
                run.Migration, new MigrationCommand.MarkFenced(now, fence.Evidence), Driver, enlist: null, cancellationToken);
        }

        return fence.Blockers;
    }
}
