using System.Globalization;
using Coordinator.Domain.Migrations;
using Coordinator.Engine.Applications;
using Coordinator.Engine.Fencing;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Verification;

namespace Coordinator.Engine.Driving;

/// <summary>
/// The gate behind the retirement: old versions are refused, the target is told so, its sessions are looked at, and in strict mode
/// the target itself keeps old versions out before the gate opens; rows must be known to agree before either. Until it opens all of
/// it can be taken back.
/// </summary>
internal sealed class RetiredGate(MigrationStream stream, GateFactsReader facts, TargetAdmission admission, VerifiedGate verified)
{
    private static readonly RequestContext Driver = new("coordinator");

    /// <summary>True when the gate moved on and should be looked at again at once.</summary>
    public async Task<bool> AdvanceAsync(
        StepRun run,
        MigrationState state,
        long version,
        RetirementProgress progress,
        GateVerification verification,
        OldPathWatch oldPath,
        CancellationToken cancellationToken)
    {
        if (!progress.AdmissionWritten)
        {
            await admission.WriteAsync(state, cancellationToken);
            progress.AdmissionWritten = true;
        }

        var witness = await TargetWitness.LookAsync(run.Plan, run.Target, rollback: false, cancellationToken);
        if (witness.Blockers.Count > 0)
        {
            await BlockAsync(run, witness.Blockers, cancellationToken);
            return false;
        }

        if (await oldPath.LookAsync(cancellationToken) is { Count: > 0 } loud)
        {
            await BlockAsync(run, loud, cancellationToken);
            return false;
        }

        return StrictRoles.AreUsed(run.Plan.Spec)
            ? await FenceAsync(run, state, version, witness, verification, cancellationToken)
            : await PassAsync(run, state, witness.Evidence, null, verification, cancellationToken);
    }

    private async Task<bool> FenceAsync(
        StepRun run,
        MigrationState state,
        long version,
        WitnessVerdict witness,
        GateVerification verification,
        CancellationToken cancellationToken)
    {
        if (!state.IsFenced)
        {
            if (await verified.LookAsync(run, state, verification, cancellationToken) is null)
            {
                return false;
            }

            await run.Activity.SayAsync("closing the roles of retired versions", cancellationToken);
        }

        // Also when it stands: whoever gave a right back meanwhile has it taken again, and is told.
        var fence = await VersionFence.RaiseAsync(run, version, rollback: false, cancellationToken);
        if (fence.Blockers.Count > 0)
        {
            await BlockAsync(run, fence.Blockers, cancellationToken);
            return false;
        }

        var now = (await facts.ReadAsync([], cancellationToken)).Now;
        if (!state.IsFenced)
        {
            return await OrderAsync(run, new MigrationCommand.MarkFenced(now, fence.Evidence), cancellationToken);
        }

        if (state.FencedAt + run.Plan.Spec.Contract.FenceSoak is { } ends && now < ends)
        {
            await verified.TellAsync(run, state, (await verification.LookAsync(atTheEnd: false)).Blockers, cancellationToken);
            await run.Activity.SayAsync(
                $"soaking behind the fence until {ends:u}; 'coordinator un-retire {run.Migration}' takes it back", cancellationToken);
            return false;
        }

        return await PassAsync(
            run,
            state,
            witness.Evidence.Concat(fence.Evidence).ToDictionary(entry => entry.Key, entry => entry.Value),
            now,
            verification,
            cancellationToken);
    }

    private async Task<bool> PassAsync(
        StepRun run,
        MigrationState state,
        IReadOnlyDictionary<string, string> evidence,
        DateTimeOffset? at,
        GateVerification verification,
        CancellationToken cancellationToken)
    {
        if (await verified.LookAsync(run, state, verification, cancellationToken) is not { } look)
        {
            return false;
        }

        var all = new Dictionary<string, string>(evidence);
        if (look.VerifiedAt is { } verifiedAt)
        {
            all["verified_at"] = verifiedAt.ToString("u", CultureInfo.InvariantCulture);
        }

        foreach (var (what, quiet) in new[]
        {
            ("old_writes_quiet", run.Plan.Spec.Contract.OldWritesQuiet), ("statements_quiet", run.Plan.Spec.Contract.StatementsQuiet),
        })
        {
            if (quiet is { } span)
            {
                all[what] = span.ToString("c", CultureInfo.InvariantCulture);
            }
        }

        return await OrderAsync(run, new MigrationCommand.PassGate(all, at), cancellationToken);
    }

    private async Task BlockAsync(StepRun run, IReadOnlyList<Blocker> blockers, CancellationToken cancellationToken)
    {
        if (await OrderAsync(run, new MigrationCommand.BlockGate(blockers), cancellationToken))
        {
            await run.Activity.SayAsync(BlockerText.Summary(blockers), cancellationToken);
        }
    }

    // Taken back between the look and the append: the next look finds another gate. Nothing was lost but this look.
    private async Task<bool> OrderAsync(StepRun run, MigrationCommand command, CancellationToken cancellationToken)
    {
        try
        {
            await stream.ExecuteAsync(run.Migration, command, Driver, enlist: null, cancellationToken);
        }
        catch (EngineException refused) when (refused.Rejection.Code == "GATE_ORDER")
        {
            // See above.
        }

        return true;
    }
}
