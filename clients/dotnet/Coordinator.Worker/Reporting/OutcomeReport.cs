using Coordinator.V1;
using Coordinator.Worker.Batches;
using Google.Protobuf.WellKnownTypes;

namespace Coordinator.Worker.Reporting;

/// <summary>What is told about a batch: that it is done, or why it is given back.</summary>
internal static class OutcomeReport
{
    /// <summary>The receipt of a batch whose effect is in the target, whoever put it there; null for other outcomes.</summary>
    public static BatchReceipt? Receipt(BatchLease lease, BatchOutcome outcome)
    {
        long? rows = outcome switch
        {
            BatchOutcome.Committed committed => committed.Rows,
            BatchOutcome.AlreadyDone done => done.Rows,
            _ => null,
        };
        return rows is null
            ? null
            : new BatchReceipt
            {
                Token = lease.Token,
                RowCount = rows.Value,
                SystemIdentifier = outcome.SystemIdentifier ?? lease.SystemIdentifier,
                Timeline = outcome.Timeline ?? lease.Timeline,
                ExecutionTime = outcome is BatchOutcome.Committed { Elapsed: { } elapsed } && elapsed >= TimeSpan.Zero
                    ? Duration.FromTimeSpan(elapsed)
                    : null,
            };
    }

    public static BatchRelease Release(BatchLease lease, BatchOutcome outcome) => outcome switch
    {
        BatchOutcome.Superseded superseded => Release(
            lease, ReleaseReason.Superseded, "A newer holder has taken the batch over.", epoch: superseded.Epoch ?? 0),
        BatchOutcome.FenceMoved moved => Release(lease, ReleaseReason.FenceMoved, moved.Message),
        BatchOutcome.Busy busy => Release(lease, ReleaseReason.Busy, busy.Message),
        BatchOutcome.WrongTarget wrong => Release(lease, ReleaseReason.WrongTarget, wrong.Message),
        BatchOutcome.SyncTriggerBroken broken => Release(lease, ReleaseReason.SyncTriggerBroken, broken.Message),
        BatchOutcome.ProtocolBroken broken =>
            Release(lease, ReleaseReason.ProtocolBroken, broken.Message, broken.SqlState),
        BatchOutcome.Failed failed => Release(lease, ReleaseReason.Of(failed.Kind), failed.Message, failed.SqlState),
        BatchOutcome.HandlerFailed failed => Release(lease, ReleaseReason.HandlerFailed, failed.Message),
        BatchOutcome.Unreachable unreachable => Release(lease, ReleaseReason.Unreachable, unreachable.Message),
        BatchOutcome.Unsettled unsettled => Release(lease, ReleaseReason.Unsettled, unsettled.Message),
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "A batch that is done is not given back."),
    };

    public static BatchRelease Release(
        BatchLease lease, string reason, string message, string sqlState = "", long epoch = 0) => new()
        {
            Token = lease.Token,
            Reason = reason,
            SqlState = sqlState,
            Message = message,
            ObservedEpoch = epoch,
        };
}
