using Coordinator.Domain.Gates;
using Coordinator.Domain.Migrations;
using Coordinator.Domain.Specs;
using Coordinator.Engine.Applications;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Quarantine;
using Coordinator.EventStore.Listening;
using Npgsql;

namespace Coordinator.Engine.Driving;

/// <summary>
/// The contract gate, in this order: drain, soak, approval, retire (which counts again under the lock that registrations
/// take), witness. Until the retirement nothing is refused: old instances may restart, scale, and come back.
/// </summary>
internal sealed class GateExecutor(
    MigrationStream stream,
    GateFactsReader facts,
    AdmissionChanges admission,
    QuarantineGate quarantine,
    AppendListener appended) : IStepExecutor
{
    private static readonly TimeSpan FactsInterval = TimeSpan.FromSeconds(1);

    // Sessions come and go without telling anybody: the witness is the one part of the gate that has to poll.
    private static readonly TimeSpan WitnessInterval = TimeSpan.FromMilliseconds(200);

    private static readonly RequestContext Driver = new("coordinator");

    public async Task<StepOutcome> RunAsync(StepRun run, CancellationToken cancellationToken)
    {
        while (true)
        {
            var seen = appended.Current;
            var (state, _) = await stream.LoadAsync(run.Migration, cancellationToken);
            if (state.Gate == GateStage.Passed)
            {
                return StepOutcome.Done();
            }

            var moved = state.Gate == GateStage.Retired
                ? await WitnessAsync(run, cancellationToken)
                : await DrainAndRetireAsync(run, state, cancellationToken);
            if (!moved)
            {
                var interval = state.Gate == GateStage.Retired ? WitnessInterval : FactsInterval;
                await appended.WaitAsync(seen, interval, cancellationToken);
            }
        }
    }

    /// <summary>True when the gate moved on and should be looked at again at once.</summary>
    private async Task<bool> DrainAndRetireAsync(StepRun run, MigrationState state, CancellationToken cancellationToken)
    {
        var versions = run.Plan.Spec.Versions;
        var now = await facts.ReadAsync([.. versions.Keys], cancellationToken);
        var blockers = Drain.Blockers(versions, now.Instances, now.Populations, rollback: false);
        if (blockers.Count > 0)
        {
            // Told at once, not when the drain and the soak are over.
            blockers = [.. blockers, .. await quarantine.LookAsync(run, fresh: false, cancellationToken)];
            await BlockAsync(run, state.Gate == GateStage.Soaking
                ? new MigrationCommand.LoseDrain(blockers)
                : new MigrationCommand.BlockGate(blockers), blockers, cancellationToken);
            return false;
        }

        if (state.DrainedAt is not { } drainedAt)
        {
            await OrderAsync(run, new MigrationCommand.MarkDrained(now.Now), cancellationToken);
            return true;
        }

        var soakEnds = drainedAt + run.Plan.Spec.Contract.Soak;
        if (state.SoakedAt is null && now.Now < soakEnds)
        {
            await run.Activity.SayAsync(
                $"soaking until {soakEnds:u}: the last old instance left at {drainedAt:u}", cancellationToken);
            return false;
        }

        if (state.SoakedAt is null)
        {
            await OrderAsync(run, new MigrationCommand.MarkSoaked(now.Now), cancellationToken);
            return true;
        }

        if (run.Plan.Spec.Contract.ApprovalRequired && !state.Approved)
        {
            await BlockAsync(
                run,
                new MigrationCommand.BlockGate([ApprovalMissing(run.Migration)]),
                [ApprovalMissing(run.Migration)],
                cancellationToken);
            return false;
        }

        // Before the retirement: until then old versions may still come back, and the rows may take days.
        if (await quarantine.LookAsync(run, fresh: true, cancellationToken) is { Count: > 0 } left)
        {
            await BlockAsync(run, new MigrationCommand.BlockGate(left), left, cancellationToken);
            return false;
        }

        return await RetireAsync(run, versions, cancellationToken);
    }

    // One transaction: the application rows FOR UPDATE, the count again, the retirement, the event.
    private async Task<bool> RetireAsync(
        StepRun run, IReadOnlyDictionary<string, VersionRule> versions, CancellationToken cancellationToken)
    {
        try
        {
            await stream.ExecuteAsync(
                run.Migration,
                new MigrationCommand.Retire(versions.ToDictionary(entry => entry.Key, entry => entry.Value.FreeOfOldFrom)),
                Driver,
                (session, decision) => decision.Changed
                    ? admission.EnlistRetireAsync(session, run.Migration, versions, cancellationToken)
                    : Task.CompletedTask,
                cancellationToken);
            return true;
        }
        catch (PostgresException guard) when (guard.SqlState == AdmissionChanges.InstancesRemain)
        {
            // An old instance registered after the look and before the lock: back to waiting for it.
            var now = await facts.ReadAsync([.. versions.Keys], cancellationToken);
            var blockers = Drain.Blockers(versions, now.Instances, now.Populations, rollback: false);
            if (blockers.Count > 0)
            {
                await OrderAsync(run, new MigrationCommand.LoseDrain(blockers), cancellationToken);
            }

            return true;
        }
    }

    private async Task<bool> WitnessAsync(StepRun run, CancellationToken cancellationToken)
    {
        var report = await TargetWitness.LookAsync(run.Plan, run.Target, rollback: false, cancellationToken);
        if (report.Blockers.Count > 0)
        {
            await BlockAsync(run, new MigrationCommand.BlockGate(report.Blockers), report.Blockers, cancellationToken);
            return false;
        }

        await OrderAsync(run, new MigrationCommand.PassGate(report.Evidence), cancellationToken);
        return true;
    }

    private async Task BlockAsync(
        StepRun run, MigrationCommand command, IReadOnlyList<Blocker> blockers, CancellationToken cancellationToken)
    {
        await OrderAsync(run, command, cancellationToken);
        await run.Activity.SayAsync(BlockerText.Summary(blockers), cancellationToken);
    }

    private Task<long> OrderAsync(StepRun run, MigrationCommand command, CancellationToken cancellationToken) =>
        stream.ExecuteAsync(run.Migration, command, Driver, enlist: null, cancellationToken);

    private static Blocker ApprovalMissing(string migration) => new(
        "APPROVAL_MISSING",
        migration,
        "the contract needs a person's approval",
        $"run 'coordinator approve {migration}'");
}
