using Coordinator.Domain.Plans;
using Coordinator.Engine.Leasing;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Identity;
using Coordinator.Postgres.Ledger;
using Coordinator.Postgres.Sync;

namespace Coordinator.Engine.Driving;

/// <summary>
/// Compares what Coordinator believes about a backfill with what the target shows. The target is right: a batch that its
/// ledger does not have is done again, a table that was rewritten is gone through again.
/// </summary>
internal sealed class BackfillAudit(BackfillControl control, BackfillOpening opening)
{
    // The SQLSTATE by which the target's ledger says that a batch is done for other blocks, as a release's description has it.
    private const string RangeDiffers = "(CO012)";

    /// <summary>Mends what has moved; the failure where only a person can.</summary>
    public async Task<StepOutcome.Failed?> FixAsync(
        StepRun run, PlanStep.Backfill backfill, CancellationToken cancellationToken)
    {
        foreach (var row in await control.RowsAsync(run.Migration, backfill.Id, cancellationToken))
        {
            var shard = run.Target.Shards.Single(candidate => candidate.Name == row.Shard);
            try
            {
                if (await FixOnAsync(run, backfill, row, shard, cancellationToken) is { } failed)
                {
                    return failed;
                }
            }
            catch (TableVanishedException vanished)
            {
                return new StepOutcome.Failed("CATALOGUE_DRIFT", vanished.Message, "Restore it, or run 'coordinator rollback'.");
            }
            catch (Exception exception) when (TargetUnavailableException.Means(exception))
            {
                throw new TargetUnavailableException(shard, exception);
            }
        }

        return null;
    }

    /// <summary>Whether every batch is done in the ledger; what is missing there is opened again.</summary>
    public async Task<bool> AgreesWithLedgerAsync(
        StepRun run, PlanStep.Backfill backfill, CancellationToken cancellationToken)
    {
        var agrees = true;
        foreach (var shard in run.Target.Shards)
        {
            agrees &= await ReopenMissingAsync(run, backfill, shard, cancellationToken) == 0;
        }

        return agrees;
    }

    private async Task<StepOutcome.Failed?> FixOnAsync(
        StepRun run, PlanStep.Backfill backfill, BackfillRow row, TargetShard shard, CancellationToken cancellationToken)
    {
        if (backfill.TriggerName is { } trigger
            && await SyncTriggerCheck.RunAsync(
                shard.DataSource, run.Migration, backfill.Table.Schema, backfill.Table.Name, trigger, cancellationToken) is { } problem)
        {
            return new StepOutcome.Failed(
                "SYNC_TRIGGER_BROKEN",
                $"shard '{shard.Name}': {problem}",
                "Rows written meanwhile may not be in sync. Run 'coordinator rollback', or restore the trigger and 'coordinator retry'.");
        }

        if (await control.FatalFailureAsync(run.Migration, backfill.Id, cancellationToken) is { } fatal)
        {
            if (fatal.Contains(RangeDiffers, StringComparison.Ordinal))
            {
                // A coordination database that lost its tail cut the table again, in other sizes than the ledger has.
                await opening.StartPassAsync(
                    run, backfill, row.Pass + 1, "the coordination database has lost batches that the ledger has", cancellationToken);
                return null;
            }

            return new StepOutcome.Failed(
                "PROTOCOL_BROKEN",
                $"a worker found that a batch left its fenced transaction: {fatal}",
                "Its effect may be committed without the ledger knowing. Don't retry; look at the ledger in the target, then run 'coordinator rollback'.");
        }

        var table = await BackfillOpening.MeasureAsync(shard, backfill.Table, cancellationToken);
        // Keys are what they were, wherever a rewrite puts their rows.
        if (backfill.Key is null && table.FileNode != row.FileNode)
        {
            await opening.StartPassAsync(
                run, backfill, row.Pass + 1, $"the table was rewritten on shard '{shard.Name}'", cancellationToken);
            return null;
        }

        var identity = await TargetIdentity.ReadAsync(shard.DataSource, cancellationToken);
        var fence = await FenceControl.ReadAsync(shard.DataSource, run.Migration, cancellationToken);
        if (identity.Timeline != row.Timeline || fence is not { Mode: FenceMode.Open } || fence.Generation != row.Generation)
        {
            await control.PauseRowsAsync(run.Migration, cancellationToken);
            await ReopenMissingAsync(run, backfill, shard, cancellationToken);
            await opening.OpenAsync(run, backfill, cancellationToken);
        }

        return null;
    }

    private async Task<int> ReopenMissingAsync(
        StepRun run, PlanStep.Backfill backfill, TargetShard shard, CancellationToken cancellationToken)
    {
        var believed = await control.DoneBatchesAsync(run.Migration, shard.Name, backfill.Id, cancellationToken);
        var ledger = await LedgerReader.ReadStepAsync(shard.DataSource, run.Migration, backfill.Id, cancellationToken);
        var done = ledger.Where(entry => entry.Done).Select(entry => entry.Batch).ToHashSet();
        var missing = believed.Select(batch => batch.Batch).Where(batch => !done.Contains(batch)).ToList();
        if (missing.Count > 0)
        {
            await control.ReopenAsync(run.Migration, shard.Name, backfill.Id, missing, cancellationToken);
        }

        return missing.Count;
    }
}
