using System.Diagnostics.Metrics;
using Coordinator.Worker.Batches;

namespace Coordinator.Worker;

/// <summary>The meter of this assembly, <c>Coordinator.Worker</c>.</summary>
internal static class WorkerTelemetry
{
    public const string Name = "Coordinator.Worker";

    private static readonly Meter Meter = new(Name);

    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>(
        "coordinator.worker.batch.duration", "s", "Duration of batches in the target, by outcome.");

    private static readonly Counter<long> Rows = Meter.CreateCounter<long>(
        "coordinator.worker.row", "{row}", "Rows that this worker's batches changed.");

    public static void BatchEnded(BatchOutcome outcome, TimeSpan duration)
    {
        Duration.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("outcome", outcome.GetType().Name));
        if (outcome is BatchOutcome.Committed committed)
        {
            Rows.Add(committed.Rows);
        }
    }
}
