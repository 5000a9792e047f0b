using System.Globalization;
using Coordinator.BackfillBench.Segments;
using Coordinator.V1;
using Google.Protobuf.WellKnownTypes;

namespace Coordinator.BackfillBench.Service;

/// <summary>The same work through the service: worker processes, leases over gRPC, fence and ledger with every batch.</summary>
internal static class CoordinatedSegments
{
    /// <summary>A fill without a trigger: a statement of one's own, as it comes, by key and in sweeps.</summary>
    public const string Copy =
        """
        migration: bench
        target: bench
        versions:
          bench: { uses_new_from: 2, free_of_old_from: 2 }
        operations:
          - raw_sql:
              backfill:
                table: item
                sql: update item set value_copy = value where {range}
        """;

    /// <summary>One whose batches nobody runs: they are blocks, each of them once, since an index has the column.</summary>
    public const string Claimed =
        """
        migration: bench
        target: bench
        versions:
          bench: { uses_new_from: 2, free_of_old_from: 2 }
        operations:
          - raw_sql:
              backfill:
                table: item
                by: blocks
                sql: update item set account = account where {range}
        """;

    /// <summary>A rename, with the two-way trigger.</summary>
    public const string Rename =
        """
        migration: bench
        target: bench
        versions:
          bench: { uses_new_from: 2, free_of_old_from: 2 }
        operations:
          - rename_column: { table: item, from: value, to: amount_value }
        """;

    /// <summary>Without a trigger: what coordination alone costs.</summary>
    public static Segment Plain(int workers, int batchRows) => new($"coordinated ×{workers}", async database =>
        await RunAsync(database, Copy, workers, Fixed(batchRows, workers)));

    /// <summary>As it comes: the size of the batches is the controller's.</summary>
    public static Segment Default(int workers) => new($"coordinated, own sizes ×{workers}", async database =>
        await RunAsync(database, Copy, workers, new BackfillTuning { MaxParallel = workers }));

    /// <summary>The bare loop over the same batches in the same order: the plan's own statement, sweeps and sizes.</summary>
    public static Segment Loop(int connections, int batchRows) => LoopOver(Copy, $"bare loop ×{connections}", connections, batchRows);

    /// <summary>With the two-way trigger in place, as every rename and retype has it.</summary>
    public static Segment InSync(int workers, int batchRows) => new($"coordinated, in sync ×{workers}", async database =>
        await RunAsync(database, Rename, workers, Fixed(batchRows, workers)));

    /// <summary>The same, as it comes.</summary>
    public static Segment DefaultInSync(int workers) => new($"coordinated, in sync, own sizes ×{workers}", async database =>
        await RunAsync(database, Rename, workers, new BackfillTuning { MaxParallel = workers }));

    /// <summary>The bare loop under the same trigger, installed by the service.</summary>
    public static Segment LoopInSync(int connections, int batchRows) =>
        LoopOver(Rename, $"bare loop, in sync ×{connections}", connections, batchRows);

    private static Segment LoopOver(string yaml, string name, int connections, int batchRows) => new(name, async database =>
    {
        await using var service = await CoordinatedService.StartAsync(database);
        await service.OpenBackfillAsync(yaml, Fixed(batchRows, connections));
        return await BareSegments.LoopAsync(database, connections, await service.CutAsync(batchRows));
    });

    // The size is the bare loop's, so that what is compared is the coordination and not the size.
    private static BackfillTuning Fixed(int batchRows, int parallel) => new()
    {
        BatchRows = batchRows,
        MaxParallel = parallel,
        MaxWait = Duration.FromTimeSpan(TimeSpan.FromSeconds(5)),
    };

    private static async Task<TimeSpan> RunAsync(BenchDatabase database, string yaml, int workers, BackfillTuning tuning)
    {
        await using var service = await CoordinatedService.StartAsync(database);
        await service.WarmUpAsync(workers);
        var (server, worker) = (service.ServerProcessorTime, service.WorkersProcessorTime);
        var (serverMemory, workerMemory) = (service.ServerMemoryNow, service.WorkerMemoryNow);
        await service.OpenBackfillAsync(yaml, tuning);
        var elapsed = await service.BackfilledAsync();
        Report.Meanwhile(
            $"    service {Percent(service.ServerProcessorTime - server)} of a core, memory {Memory(serverMemory, service.ServerMemoryNow, service.ServerMemory)}; "
            + $"workers {Percent(service.WorkersProcessorTime - worker)}, memory of one {Memory(workerMemory, service.WorkerMemoryNow, service.WorkerMemory)}");
        return elapsed;

        static string Memory(long from, long to, long peak) => string.Create(
            CultureInfo.InvariantCulture, $"{from / 1_048_576} → {to / 1_048_576} MiB (peak {peak / 1_048_576})");

        string Percent(TimeSpan used) => string.Create(CultureInfo.InvariantCulture, $"{100 * used / elapsed:0} %");
    }
}
