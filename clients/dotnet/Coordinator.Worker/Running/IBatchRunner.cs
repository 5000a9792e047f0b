using Coordinator.V1;
using Coordinator.Worker.Batches;

namespace Coordinator.Worker.Running;

/// <summary>Runs a leased batch in its target. A seam for tests of everything around it.</summary>
internal interface IBatchRunner
{
    /// <summary>Whether this worker knows the database that the batch is for.</summary>
    public bool Knows(BatchLease lease);

    /// <summary>Refusals and failures are outcomes; only cancellation throws.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="leaseEnded">The lease is over. A handler is cancelled then; a statement is left to the target's guards.</param>
    /// <param name="cancellationToken">The worker gives up.</param>
    public Task<BatchOutcome> RunAsync(BatchLease lease, CancellationToken leaseEnded, CancellationToken cancellationToken);
}
