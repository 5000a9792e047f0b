using System.Collections.Concurrent;
using Coordinator.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Coordinator.Worker.Tests.Hosting;

/// <summary>A WorkerService that hands out what a test gives it, and remembers what it was sent.</summary>
internal sealed class FakeWorkers : WorkerService.WorkerServiceBase
{
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);

    public ConcurrentQueue<BatchLease> Offered { get; } = [];

    public ConcurrentQueue<AcquireBatchesRequest> Acquires { get; } = [];

    public ConcurrentQueue<RenewLeasesRequest> Renewals { get; } = [];

    public ConcurrentQueue<CompleteBatchesRequest> Completes { get; } = [];

    public ConcurrentQueue<BatchRelease> Releases { get; } = [];

    /// <summary>Called with the number of the call, from 1; may wait, or throw.</summary>
    public Func<int, Task> OnAcquire { get; set; } = _ => Task.CompletedTask;

    /// <summary>Chooses which of the leases are extended.</summary>
    public Func<IEnumerable<LeaseToken>, IEnumerable<LeaseToken>> OnRenew { get; set; } = tokens => tokens;

    public Action<CompleteBatchesRequest> OnComplete { get; set; } = _ => { };

    public Action<BatchRelease> OnRelease { get; set; } = _ => { };

    public IEnumerable<long> Completed => Completes.SelectMany(c => c.Receipts).Select(r => r.Token.Batch);

    public static BatchLease NewLease(long batch, long epoch = 1) => new()
    {
        Token = new LeaseToken
        {
            Migration = "m",
            Shard = "s",
            Step = "fill",
            Batch = batch,
            Epoch = epoch,
            LeaseId = Guid.CreateVersion7().ToString(),
        },
        Target = "shop",
        FirstBlock = batch,
        EndBlock = batch + 1,
        Statement = "update t set n = n + 1 where ctid >= $1 and ctid < $2",
        Generation = 1,
        SystemIdentifier = 7,
        Timeline = "00000001",
        LeaseDuration = Lease.ToDuration(),
        LockTimeout = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)),
        StatementTimeout = Duration.FromTimeSpan(TimeSpan.FromSeconds(10)),
    };

    public FakeWorkers Offer(params IEnumerable<int> batches)
    {
        foreach (var batch in batches)
        {
            Offered.Enqueue(NewLease(batch));
        }

        return this;
    }

    public override async Task<AcquireBatchesResponse> AcquireBatches(
        AcquireBatchesRequest request, ServerCallContext context)
    {
        Acquires.Enqueue(request);
        await OnAcquire(Acquires.Count).WaitAsync(context.CancellationToken);
        var response = new AcquireBatchesResponse { RetryDelay = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)) };
        while (response.Leases.Count < request.MaxBatchCount && Offered.TryDequeue(out var lease))
        {
            response.Leases.Add(lease);
        }

        return response;
    }

    public override Task<RenewLeasesResponse> RenewLeases(RenewLeasesRequest request, ServerCallContext context)
    {
        Renewals.Enqueue(request);
        var response = new RenewLeasesResponse { LeaseDuration = Lease.ToDuration() };
        response.Renewed.AddRange(OnRenew(request.Tokens));
        return Task.FromResult(response);
    }

    public override Task<CompleteBatchesResponse> CompleteBatches(
        CompleteBatchesRequest request, ServerCallContext context)
    {
        OnComplete(request);
        Completes.Enqueue(request);
        return Task.FromResult(new CompleteBatchesResponse());
    }

    public override Task<ReleaseBatchesResponse> ReleaseBatches(ReleaseBatchesRequest request, ServerCallContext context)
    {
        foreach (var release in request.Releases)
        {
            Releases.Enqueue(release);
            OnRelease(release);
        }

        return Task.FromResult(new ReleaseBatchesResponse());
    }
}
