using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Coordinator.BackfillBench.Claims;
using Coordinator.BackfillBench.Service;
using Coordinator.Client;
using Coordinator.V1;

namespace Coordinator.BackfillBench.Crowd;

/// <summary>One run of a crowd against a service of its own.</summary>
internal sealed class CrowdRun(CoordinatedService service, CrowdSize crowd)
{
    // The service finds its code compiled and its connections open when the clock starts.
    private const int WarmUp = 2_000;

    // A worker that runs one batch at a time has as many in stock.
    private const int PerClaim = 4;

    // The backfill that the copies are made of is a real one, of a table that is just large enough to have blocks.
    private const int Rows = 10_000;

    private readonly ConcurrentBag<double> _claims = [];
    private long _empty;

    public static async Task<CrowdFigures> MeasureAsync(BenchCluster cluster, CrowdSize crowd, int batches)
    {
        await cluster.PrepareAsync(Rows);
        await using var database = await cluster.CopyAsync(Rows);
        // With the limit that a service has by itself: each claim locks the server that it takes from.
        await using var service = await CoordinatedService.StartAsync(database, limited: true);
        await service.OpenBackfillAsync(CoordinatedSegments.Claimed, new BackfillTuning { BatchRows = 1 });
        for (var number = 1; number <= crowd.Backfills; number++)
        {
            await service.CopyBackfillAsync(
                string.Create(CultureInfo.InvariantCulture, $"crowd-{number}"), blocks: 10_000_000, server: number);
        }

        for (var replica = 1; replica < crowd.Replicas; replica++)
        {
            await service.AddReplicaAsync();
        }

        // Nobody asks for the batches of a paused one.
        await service.PauseAsync();
        return await new CrowdRun(service, crowd).MeasureAsync(cluster, batches);
    }

    private async Task<CrowdFigures> MeasureAsync(BenchCluster cluster, int batches)
    {
        // Each with a connection of its own, as a process has.
        var clients = Enumerable.Range(0, crowd.Workers).Select(service.NewClient).ToList();
        try
        {
            await ClaimAsync(clients, WarmUp);
            _claims.Clear();
            _empty = 0;
            using var stop = new CancellationTokenSource();
            var watching = new LockWatch(service.Coordination).RunAsync(stop.Token);
            var (deadlocks, database, server) = (await DeadlocksAsync(), cluster.ProcessorTime, service.ServerProcessorTime);
            var started = Stopwatch.GetTimestamp();
            var done = await ClaimAsync(clients, batches);
            var elapsed = Stopwatch.GetElapsedTime(started);
            var (databaseUsed, serverUsed) = (cluster.ProcessorTime - database, service.ServerProcessorTime - server);
            await stop.CancelAsync();
            return new CrowdFigures(
                done / elapsed.TotalSeconds,
                Statistics.Percentile(_claims, 0.5),
                Statistics.Percentile(_claims, 0.99),
                _empty,
                databaseUsed / elapsed,
                serverUsed / elapsed,
                service.ServerMemoryNow,
                await DeadlocksAsync() - deadlocks,
                await watching);
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    /// <returns>How many batches were done: a claim that is on its way when the number is reached is answered too.</returns>
    private async Task<long> ClaimAsync(List<CoordinatorClient> clients, int batches)
    {
        long done = 0;
        await Task.WhenAll(clients.Select(async (client, place) =>
        {
            var worker = string.Create(CultureInfo.InvariantCulture, $"worker-{place}");
            while (Interlocked.Read(ref done) < batches)
            {
                var asked = Stopwatch.GetTimestamp();
                var leases = (await client.Workers.AcquireBatchesAsync(new AcquireBatchesRequest
                {
                    Worker = worker,
                    Parallelism = 1,
                    Targets = { "bench" },
                    MaxBatchCount = PerClaim,
                    RequestId = Guid.NewGuid().ToString(),
                })).Leases;
                if (leases.Count == 0)
                {
                    Interlocked.Increment(ref _empty);
                    continue;
                }

                _claims.Add(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
                await client.Workers.CompleteBatchesAsync(Completion.Of(worker, leases));
                Interlocked.Add(ref done, leases.Count);
            }
        }));
        return done;
    }

    private async Task<long> DeadlocksAsync()
    {
        await using var command = service.Coordination.CreateCommand("select deadlocks from pg_stat_database where datname = current_database()");
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
