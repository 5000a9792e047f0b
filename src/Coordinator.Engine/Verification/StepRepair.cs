using Coordinator.Domain;
using Coordinator.Domain.Plans;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Verification;
using Npgsql;

namespace Coordinator.Engine.Verification;

/// <summary>Brings the rows of one verify step in sync, with the statement of the backfill whose rows it looks at, and counts them.</summary>
internal sealed class StepRepair(string migration, PlanStep.Backfill backfill)
{
    private long _repaired;

    /// <summary>The rows that were written.</summary>
    public long Repaired => Interlocked.Read(ref _repaired);

    /// <summary>Repairs rows of one table, or of one leaf.</summary>
    /// <returns>How many differ no more, because they were written now or by somebody else.</returns>
    /// <exception cref="EngineException">FENCE_NOT_OPEN, SYNC_TRIGGER_BROKEN, or REPAIR_FAILED.</exception>
    public async Task<long> RunAsync(
        TargetShard shard, TableRef table, IReadOnlyList<WrongRow> rows, CancellationToken cancellationToken)
    {
        var step = backfill.PerPartition ? backfill.ForPartition(table) : backfill;
        var repair = new RowRepair(
            shard.DataSource, migration, new TableName(table.Schema, table.Name), step.Statement, step.Disagree!, step.TriggerName);
        long right = 0;
        foreach (var row in rows)
        {
            var outcome = await OneAsync(repair, row, cancellationToken);
            right += outcome == RepairOutcome.StillWrong ? 0 : 1;
            if (outcome == RepairOutcome.Repaired)
            {
                Interlocked.Increment(ref _repaired);
            }
        }

        return right;
    }

    private async Task<RepairOutcome> OneAsync(RowRepair repair, WrongRow row, CancellationToken cancellationToken)
    {
        try
        {
            return await repair.RunAsync(row, cancellationToken);
        }
        catch (PostgresException refused) when (!TargetUnavailableException.Means(refused))
        {
            var (code, remedy) = refused.SqlState switch
            {
                "CO002" or "CO008" => ("FENCE_NOT_OPEN", $"If it was paused, run 'coordinator resume {migration}' and try again; once the contract runs it is too late."),
                "CO007" => ("SYNC_TRIGGER_BROKEN", "Restore the trigger first: without it the rows would differ again."),
                _ => ("REPAIR_FAILED", "No row is at fault. Remove the cause that the message names and try again."),
            };
            throw new EngineException(new Rejection(
                code,
                $"Rows of migration '{migration}' can't be repaired: {refused.MessageText} ({refused.SqlState}).",
                remedy,
                new Dictionary<string, string> { ["migration"] = migration, ["sql_state"] = refused.SqlState }));
        }
    }
}
