using Coordinator.Domain.Applications;
using Coordinator.Domain.Gates;
using Coordinator.Domain.Migrations;
using Coordinator.Domain.Specs;
using Coordinator.Engine.Applications;
using Coordinator.Engine.Fencing;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Quarantine;
using Coordinator.Engine.Verification;
using Coordinator.EventStore.Listening;
using Npgsql;

namespace Coordinator.Engine.Driving;

/// <summary>
/// The contract gate, in this order: drain, soak, approval, retire (which counts again under the lock that registrations
/// take), witness, and in strict mode the fence with its soak. Until the retirement nothing is refused: old instances may restart,
/// scale, and come back. While it waits, the rows are verified again and again, beside its looks; before the retirement, and again
/// before it passes, that must have found nothing.
/// </summary>
internal sealed class GateExecutor(
    MigrationStream stream,
    GateFactsReader facts,
    AdmissionChanges admission,
    QuarantineGate quarantine,
    RetiredGate retired,
    VerifiedGate verified,
    StepVerifier verifier,
    VerificationStore verifications,
    EngineOptions options,
    TimeProvider time,
    AppendListener appended) : IStepExecutor
{
    private static readonly TimeSpan FactsInterval = TimeSpan.FromSeconds(1);

    // Sessions come and go without telling anybody: the witness is the one part of the gate that has to poll.
    private static readonly TimeSpan WitnessInterval = TimeSpan.FromMilliseconds(200);

    private static readonly RequestContext Driver = new("coordinator");

    public async Task<StepOutcome> RunAsync(StepRun run, CancellationToken cancellationToken)
    {
        var lapsed = new LapsedInstances(time, options.FenceGrace);
        var oldPath = OldPathWatch.Of(run, time);
        var retirement = new RetirementProgress();
        await using var verification = new GateVerification(run, verifier, verifications, options, cancellationToken);
        while (true)
        {
            var seen = appended.Current;
            var (state, version) = await stream.LoadAsync(run.Migration, cancellationToken);
            if (state.Gate == GateStage.Passed)
            {
                return StepOutcome.Done();
            }

            if (state.LiftOwed)
            {
                await FenceLift.PayAsync(stream, run.Target, state, version, cancellationToken);
                continue;
            }

            var isRetired = state.Gate == GateStage.Retired;
            retirement.AdmissionWritten &= isRetired;
            var moved = isRetired
                ? await retired.AdvanceAsync(run, state, version, retirement, verification, oldPath, cancellationToken)
                : await DrainAndRetireAsync(run, state, lapsed, verification, oldPath, cancellationToken);
            if (!moved)
            {
                await appended.WaitAsync(seen, isRetired && !state.IsFenced ? WitnessInterval : FactsInterval, cancellationToken);
            }
        }
    }

    /// <summary>True when the gate moved on and should be looked at again at once.</summary>
    private async Task<bool> DrainAndRetireAsync(
        StepRun run,
        MigrationState state,
        LapsedInstances lapsed,
        GateVerification verification,
        OldPathWatch oldPath,
        CancellationToken cancellationToken)
    {
        var versions = run.Plan.Spec.Versions;
        var now = await facts.ReadAsync([.. versions.Keys], cancellationToken);
        var letGo = await lapsed.LookAsync(run.Plan, now.Instances, run.Target, rollback: false, cancellationToken);
        var blockers = Drain.Blockers(versions, now.Instances, now.Populations, rollback: false, letGo);
        if (versions.Keys.Where(name => now.Populations.GetValueOrDefault(name)?.Kind is PopulationKind.Observed).ToList() is { Count: > 0 } observed)
        {
            blockers = [.. blockers, .. await TargetWitness.LookAtAsync(observed, run.Plan, run.Target, cancellationToken)];
        }

        if (state.RetirementEndedBy is not null)
        {
            blockers = [RetirementEnded(state), .. blockers];
        }

        if (blockers.Count > 0)
        {
            oldPath.Forget();
            // Told at once, not when the drain and the soak are over.
            blockers =
            [
                .. blockers,
                .. await quarantine.LookAsync(run, fresh: false, cancellationToken),
                .. (await verification.LookAsync(atTheEnd: false)).Blockers,
            ];
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

        var loud = await oldPath.LookAsync(cancellationToken);
        var soakEnds = drainedAt + run.Plan.Spec.Contract.Soak;
        if (state.SoakedAt is null && now.Now < soakEnds)
        {
            await verified.TellAsync(
                run, state, [.. loud, .. (await verification.LookAsync(atTheEnd: false)).Blockers], cancellationToken);
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
            IReadOnlyList<Blocker> missing =
                [ApprovalMissing(run.Migration), .. loud, .. (await verification.LookAsync(atTheEnd: false)).Blockers];
            await BlockAsync(run, new MigrationCommand.BlockGate(missing), missing, cancellationToken);
            return false;
        }

        if (loud.Count > 0)
        {
            await BlockAsync(run, new MigrationCommand.BlockGate(loud), loud, cancellationToken);
            return false;
        }

        // Before the retirement: until then old versions may still come back, and the rows may take days.
        if (await quarantine.LookAsync(run, fresh: true, cancellationToken) is { Count: > 0 } left)
        {
            await BlockAsync(run, new MigrationCommand.BlockGate(left), left, cancellationToken);
            return false;
        }

        return await verified.LookAsync(run, state, verification, cancellationToken) is not null
            && await RetireAsync(run, versions, letGo, cancellationToken);
    }

    // One transaction: the application rows FOR UPDATE, the count again, the retirement, the event.
    private async Task<bool> RetireAsync(
        StepRun run,
        IReadOnlyDictionary<string, VersionRule> versions,
        IReadOnlyCollection<InstanceFact> letGo,
        CancellationToken cancellationToken)
    {
        try
        {
            await stream.ExecuteAsync(
                run.Migration,
                new MigrationCommand.Retire(versions.ToDictionary(entry => entry.Key, entry => entry.Value.FreeOfOldFrom)),
                Driver,
                (session, decision) => decision.Changed
                    ? admission.EnlistRetireAsync(session, run.Migration, versions, letGo, cancellationToken)
                    : Task.CompletedTask,
                cancellationToken);
            return true;
        }
        catch (EngineException refused) when (refused.Rejection.Code == "RETIREMENT_HELD")
        {
            // Taken back between the look and the append.
            return true;
        }
        catch (PostgresException guard) when (guard.SqlState == AdmissionChanges.InstancesRemain)
        {
            // An old instance registered after the look and before the lock: back to waiting for it.
            var now = await facts.ReadAsync([.. versions.Keys], cancellationToken);
            var blockers = Drain.Blockers(versions, now.Instances, now.Populations, rollback: false, letGo);
            if (blockers.Count > 0)
            {
                await OrderAsync(run, new MigrationCommand.LoseDrain(blockers), cancellationToken);
            }

            return true;
        }
    }

    private async Task BlockAsync(
        StepRun run, MigrationCommand command, IReadOnlyList<Blocker> blockers, CancellationToken cancellationToken)
    {
        await OrderAsync(run, command, cancellationToken);
        await run.Activity.SayAsync(BlockerText.Summary(blockers), cancellationToken);
    }

    private Task<long> OrderAsync(StepRun run, MigrationCommand command, CancellationToken cancellationToken) =>
        stream.ExecuteAsync(run.Migration, command, Driver, enlist: null, cancellationToken);

    internal static Blocker RetirementEnded(MigrationState state) => new(
        "RETIREMENT_ENDED",
        state.Name,
        $"{state.RetirementEndedBy} let old versions come back: {state.RetirementEndedWhy}",
        $"run 'coordinator retire {state.Name}' when they may be refused again");

    private static Blocker ApprovalMissing(string migration) => new(
        "APPROVAL_MISSING",
        migration,
        "the contract needs a person's approval",
        $"run 'coordinator approve {migration}'");
}
