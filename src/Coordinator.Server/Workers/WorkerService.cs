using Coordinator.Engine.Leasing;
using Coordinator.Server.Mapping;
using Coordinator.Server.Security;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Coordinator.Server.Workers;

/// <summary>Hands out backfill batches.</summary>
internal sealed class WorkerService(BatchLeasing leasing, Engine.EngineOptions timings, MigrationTargets targets)
    : V1.WorkerService.WorkerServiceBase
{
    // New work appears when a step starts or a lease lapses; neither is worth more than a look a second.
    private static readonly Duration NothingToDo = Duration.FromTimeSpan(TimeSpan.FromSeconds(1));

    public override async Task<V1.AcquireBatchesResponse> AcquireBatches(V1.AcquireBatchesRequest request, ServerCallContext context)
    {
        context.Caller().RequireTargets(request.Targets);
        var requestId = RequestIds.Parse(request.RequestId) ?? Guid.CreateVersion7();
        var batches = await leasing.AcquireAsync(
            request.Worker,
            request.Targets,
            request.MaxBatchCount,
            requestId,
            request.Migration,
            request.Parallelism > 0 ? request.Parallelism : int.MaxValue,
            request.Handlers,
            context.CancellationToken);
        return new V1.AcquireBatchesResponse
        {
            Leases = { batches.Select(LeaseMapping.ToProto) },
            RetryDelay = batches.Count == 0 ? NothingToDo : null,
        };
    }

    public override async Task<V1.RenewLeasesResponse> RenewLeases(V1.RenewLeasesRequest request, ServerCallContext context)
    {
        var tokens = request.Tokens.Select(LeaseMapping.ToDomain).ToList();
        await targets.RequireAsync(context.Caller(), tokens, context.CancellationToken);
        var renewed = await leasing.RenewAsync(request.Worker, tokens, context.CancellationToken);
        return new V1.RenewLeasesResponse
        {
            Renewed = { renewed.Select(LeaseMapping.ToProto) },
            LeaseDuration = Duration.FromTimeSpan(timings.BatchLease),
        };
    }

    public override async Task<V1.CompleteBatchesResponse> CompleteBatches(V1.CompleteBatchesRequest request, ServerCallContext context)
    {
        var receipts = request.Receipts.Select(LeaseMapping.ToDomain).ToList();
        await targets.RequireAsync(context.Caller(), receipts.Select(receipt => receipt.Token), context.CancellationToken);
        await leasing.CompleteAsync(request.Worker, receipts, context.CancellationToken);
        return new V1.CompleteBatchesResponse();
    }

    public override async Task<V1.ReleaseBatchesResponse> ReleaseBatches(V1.ReleaseBatchesRequest request, ServerCallContext context)
    {
        var releases = request.Releases.Select(LeaseMapping.ToDomain).ToList();
        await targets.RequireAsync(context.Caller(), releases.Select(release => release.Token), context.CancellationToken);
        await leasing.ReleaseAsync(request.Worker, releases, context.CancellationToken);
        return new V1.ReleaseBatchesResponse();
    }
}
