using Coordinator.Domain.Gates;
using Coordinator.Domain.Migrations;
using Coordinator.Engine.Applications;
using Coordinator.Engine.Migrations;
using Coordinator.EventStore.Listening;

namespace Coordinator.Engine.Driving;

/// <summary>
/// The gate in the other direction: the ceiling is lowered already, so no new version can register; wait until none is
/// left, by heartbeats and by the sessions in the target. Until then writes of the new version are still mirrored.
/// </summary>
internal sealed class RollbackGate(
    MigrationStream stream, GateFactsReader facts, AppendListener appended)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    /// <summary>Returns when the new structure can be dropped.</summary>
    public async Task WaitAsync(StepRun run, CancellationToken cancellationToken)
    {
        while (true)
        {
            var seen = appended.Current;
            var versions = run.Plan.Spec.Versions;
            var now = await facts.ReadAsync([.. versions.Keys], cancellationToken);
            var blockers = Drain.Blockers(versions, now.Instances, now.Populations, rollback: true);
            if (blockers.Count == 0)
            {
                blockers = (await TargetWitness.LookAsync(run.Plan, run.Target, rollback: true, cancellationToken)).Blockers;
            }

            if (blockers.Count == 0)
            {
                return;
            }

            await stream.ExecuteAsync(
                run.Migration, new MigrationCommand.BlockGate(blockers), new RequestContext("coordinator"), enlist: null, cancellationToken);
            await run.Activity.SayAsync($"rolling back: {BlockerText.Summary(blockers)}", cancellationToken);
            await appended.WaitAsync(seen, Interval, cancellationToken);
        }
    }
}
