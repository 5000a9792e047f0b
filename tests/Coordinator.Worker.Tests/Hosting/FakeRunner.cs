using System.Collections.Concurrent;
using Coordinator.V1;
using Coordinator.Worker.Batches;
using Coordinator.Worker.Running;

namespace Coordinator.Worker.Tests.Hosting;

/// <summary>A target in which a test decides what becomes of each batch, and when.</summary>
internal sealed class FakeRunner : IBatchRunner
{
    private readonly ConcurrentDictionary<long, TaskCompletionSource<BatchOutcome>> _held = [];

    public ConcurrentQueue<long> Started { get; } = [];

    public Func<BatchLease, bool> OnKnows { get; set; } = _ => true;

    /// <summary>What becomes of a batch that is not held.</summary>
    public Func<BatchLease, BatchOutcome> Outcome { get; set; } = _ => new BatchOutcome.Committed(10, "1");

    /// <summary>Keeps these batches running until they are ended.</summary>
    public void Hold(params IEnumerable<int> batches)
    {
        foreach (var batch in batches)
        {
            _held[batch] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public void End(long batch) => _held[batch].SetResult(new BatchOutcome.Committed(10, "1"));

    public bool Knows(BatchLease lease) => OnKnows(lease);

    public async Task<BatchOutcome> RunAsync(BatchLease lease, CancellationToken leaseEnded, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(leaseEnded, cancellationToken);
        Started.Enqueue(lease.Token.Batch);
        return _held.TryGetValue(lease.Token.Batch, out var held)
            ? await held.Task.WaitAsync(ended.Token)
            : Outcome(lease);
    }
}
