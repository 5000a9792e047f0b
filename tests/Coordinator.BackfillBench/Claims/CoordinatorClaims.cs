using System.Diagnostics;
using Coordinator.BackfillBench.Service;
using Coordinator.V1;

namespace Coordinator.BackfillBench.Claims;

/// <summary>Claims and completions of batches over gRPC, by callers that do nothing in between.</summary>
internal static class CoordinatorClaims
{
    private const string Claims = "claims";

    // Of the service that is measured: its code is compiled and its connections are open when the clock starts.
    private const int WarmUp = 1_000;

    /// <summary>How long so many batches take, so many callers at a time.</summary>
    public static async Task<TimeSpan> RunAsync(BenchCluster cluster, int batches, int callers, int perClaim)
    {
        // A block is a batch, and holds fewer rows than this: the table only has to be large enough.
        const int RowsPerBlock = 60;
        var rows = (WarmUp + batches) * RowsPerBlock;
        await cluster.PrepareAsync(rows);
        await using var database = await cluster.CopyAsync(rows);
        await using var service = await CoordinatedService.StartAsync(database);
        await service.OpenBackfillAsync(CoordinatedSegments.Claimed, new BackfillTuning { BatchRows = 1 });
        await service.CopyBackfillAsync(Claims);
        await ClaimAsync(service, WarmUp, callers, perClaim);
        var started = Stopwatch.GetTimestamp();
        await ClaimAsync(service, batches, callers, perClaim);
        return Stopwatch.GetElapsedTime(started);
    }

    private static async Task ClaimAsync(CoordinatedService service, int batches, int callers, int perClaim)
    {
        var left = batches;
        await Task.WhenAll(Enumerable.Range(0, callers).Select(async caller =>
        {
            var worker = $"caller-{caller}";
            while (Volatile.Read(ref left) > 0)
            {
                var request = new AcquireBatchesRequest
                {
                    Worker = worker,
                    Migration = Claims,
                    Parallelism = 1,
                    Targets = { "bench" },
                    MaxBatchCount = perClaim,
                    RequestId = Guid.NewGuid().ToString(),
                };
                var leases = (await service.Client.Workers.AcquireBatchesAsync(request)).Leases;
                if (leases.Count > 0)
                {
                    await service.Client.Workers.CompleteBatchesAsync(Completion.Of(worker, leases));
                    Interlocked.Add(ref left, -leases.Count);
                }
            }
        }));
    }
}
