using Coordinator.Domain.Migrations;
using Coordinator.Domain.Plans;
using Coordinator.Engine.Driving;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Targets;
using Coordinator.EventStore;
using Microsoft.Extensions.Logging;

namespace Coordinator.Engine.Verification;

/// <summary>
/// A verification that somebody asks for, beside those of the driver: it finds what they would find, and a gate that waits for it
/// sees at once what it found. On request it brings rows in sync, from the old side, as the backfill does.
/// </summary>
public sealed class VerificationCommands(
    CoordinationDatabase database,
    IEventStore store,
    TargetRegistry targets,
    EngineOptions options,
    TimeProvider time,
    ILogger<VerificationCommands> logger)
{
    private readonly MigrationStream _stream = new(store);
    private readonly StepVerifier _verifier = new(database, new VerificationStore(database), options, time, logger);

    /// <summary>Verifies every table that is filled. It may take as long as the tables are large; a repeat does no harm.</summary>
    /// <exception cref="EngineException">
    /// MIGRATION_NOT_FOUND, MIGRATION_NOT_STARTED, MIGRATION_PAUSED, MIGRATION_ROLLING_BACK, MIGRATION_FINISHED, CONTRACT_STARTED,
    /// VERIFICATION_TOO_EARLY (nothing is filled yet), NOTHING_TO_VERIFY; for a repair REPAIR_SIDE_UNKNOWN, NOTHING_TO_REPAIR,
    /// FENCE_NOT_OPEN, SYNC_TRIGGER_BROKEN, REPAIR_FAILED.
    /// </exception>
    public async Task<VerificationOutcome> RunAsync(
        string migration, VerificationOrder order, RequestContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        var (state, _) = await _stream.LoadAsync(migration, cancellationToken);
        var steps = VerificationPhase.StepsNow(migration, state);
        if (order.Repair)
        {
            VerificationPhase.RequireRepairable(state, steps, order.OldSideIsRight);
        }

        var outcome = new VerificationOutcome(0, [], 0, 0, 0);
        foreach (var step in steps)
        {
            outcome = await StepAsync(state, step, order.Repair, outcome, context, cancellationToken);
        }

        return outcome;
    }

    private async Task<VerificationOutcome> StepAsync(
        MigrationState state,
        PlanStep.Verify step,
        bool repairs,
        VerificationOutcome before,
        RequestContext context,
        CancellationToken cancellationToken)
    {
        var run = new StepRun(state, step, targets.Get(state.Plan!.Spec.Target), new MigrationActivity(database, state.Name));
        var backfill = VerificationPhase.BackfillOf(state.Plan, step);
        var repair = repairs && backfill is not null ? new StepRepair(state.Name, backfill) : null;
        var known = (await BackfillBreaker.CountAsync(run, step: null, cancellationToken)).Total;
        VerificationResult? result = null;
        try
        {
            result = await _verifier.RunAsync(run, step, repair, say: null, cancellationToken);
        }
        finally
        {
            // What was written is on record even if the rest was broken off.
            if (repair is { Repaired: > 0 })
            {
                await _stream.ExecuteAsync(
                    state.Name,
                    new MigrationCommand.RecordRepair(backfill!.Id, context.Actor, repair.Repaired, result?.Differences ?? -1, known),
                    context,
                    enlist: null,
                    CancellationToken.None);
            }
        }

        return new VerificationOutcome(
            before.Differences + result.Differences,
            [.. before.Examples, .. result.Examples],
            before.Blocks + result.Blocks,
            before.Repaired + (repair?.Repaired ?? 0),
            known);
    }
}
