using Coordinator.V1;

namespace Coordinator.BackfillBench.Claims;

/// <summary>The report of batches by a worker that has done nothing for them.</summary>
internal static class Completion
{
    public static CompleteBatchesRequest Of(string worker, IEnumerable<BatchLease> leases) => new()
    {
        Worker = worker,
        Receipts =
        {
            leases.Select(lease => new BatchReceipt
            {
                Token = lease.Token,
                RowCount = 1,
                SystemIdentifier = lease.SystemIdentifier,
                Timeline = lease.Timeline,
            }),
        },
    };
}
