using Coordinator.Domain.Migrations;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Verification;

namespace Coordinator.Engine.Driving;

/// <summary>Holds a gate that would go on until the rows are known to agree.</summary>
internal sealed class VerifiedGate(MigrationStream stream)
{
    private static readonly RequestContext Driver = new("coordinator");

    /// <summary>What the gate may go on with; null while rows differ, or are being read, which is told.</summary>
    public async Task<GateLook?> LookAsync(
        StepRun run, MigrationState state, GateVerification verification, CancellationToken cancellationToken)
    {
        var look = await verification.LookAsync(atTheEnd: true);
        if (look.IsClear)
        {
            return look;
        }

        await TellAsync(run, state, look.Blockers, cancellationToken);
        await run.Activity.SayAsync(look.Busy ?? BlockerText.Summary(look.Blockers), cancellationToken);
        return null;
    }

    /// <summary>Tells blockers where nothing else is told to block; those of before go when theirs are gone.</summary>
    public async Task TellAsync(
        StepRun run, MigrationState state, IReadOnlyList<Blocker> blockers, CancellationToken cancellationToken)
    {
        if (blockers.Count > 0 || state.Blockers.Count > 0)
        {
            await stream.ExecuteAsync(
                run.Migration, new MigrationCommand.BlockGate(blockers), Driver, enlist: null, cancellationToken);
        }
    }
}
