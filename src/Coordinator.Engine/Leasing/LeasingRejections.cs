using Coordinator.Domain;

namespace Coordinator.Engine.Leasing;

/// <summary>The refusals of leasing.</summary>
internal static class LeasingRejections
{
    public static EngineException BackfillNotFound(string migration) => new(new Rejection(
        "BACKFILL_NOT_FOUND",
        $"There is no backfill of a migration '{migration}' here.",
        "Check the name and the coordinator's address; a worker drops the batches of a backfill that is gone.",
        Kind: RejectionKind.NotFound));

    public static EngineException TargetMoved(string migration) => new(new Rejection(
        "TARGET_MOVED",
        $"A batch of migration '{migration}' was reported from another incarnation of its target than the one in use.",
        "Nothing to repair: after a failover the coordinator reads the target's ledger itself. Ask for new batches.",
        Kind: RejectionKind.Aborted));
}
