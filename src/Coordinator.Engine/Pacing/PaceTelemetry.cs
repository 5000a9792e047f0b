using System.Diagnostics.Metrics;

namespace Coordinator.Engine.Pacing;

/// <summary>The engine's meter: how backfills go, as the replica that drives them sees it.</summary>
internal sealed class PaceTelemetry : IDisposable
{
    public const string Name = "Coordinator.Engine";

    private readonly Meter _meter = new(Name);
    private readonly Counter<long> _rows;
    private readonly Gauge<long> _blocks;
    private readonly Gauge<double> _rowRate;
    private readonly Gauge<int> _parallelism;
    private readonly Gauge<int> _running;
    private readonly Gauge<long> _batchBlocks;
    private readonly Gauge<double> _signal;
    private readonly Gauge<int> _zone;

    public PaceTelemetry()
    {
        _rows = _meter.CreateCounter<long>("coordinator.backfill.rows", "{row}", "Rows that backfills wrote.");
        _blocks = _meter.CreateGauge<long>("coordinator.backfill.blocks.done", "{block}", "Table blocks of the pass that are done.");
        _rowRate = _meter.CreateGauge<double>("coordinator.backfill.rate", "{row}/s", "Rows per second over the last seconds.");
        _parallelism = _meter.CreateGauge<int>("coordinator.backfill.parallelism.limit", "{batch}", "How many batches may run at once.");
        _running = _meter.CreateGauge<int>("coordinator.backfill.parallelism.used", "{batch}", "How many batches run.");
        _batchBlocks = _meter.CreateGauge<long>("coordinator.backfill.batch.size", "{block}", "Table blocks of the next batches.");
        _signal = _meter.CreateGauge<double>("coordinator.backfill.signal", description: "A signal of the target's load, in its own unit.");
        _zone = _meter.CreateGauge<int>(
            "coordinator.backfill.throttled", description: "1 for the signal that holds the backfill back now, by the decision it led to.");
    }

    public void Record(string migration, string step, ShardSums sums, ShardDecision decision)
    {
        KeyValuePair<string, object?>[] tags =
        [
            new("coordinator.migration", migration), new("coordinator.backfill", step), new("coordinator.shard", sums.Shard),
        ];
        if (sums.NewRows > 0)
        {
            _rows.Add(sums.NewRows, tags);
        }

        _blocks.Record(sums.Blocks, tags);
        _rowRate.Record(decision.RowRate ?? 0, tags);
        _parallelism.Record(decision.NotBefore is null ? decision.Parallelism : 0, tags);
        _running.Record(sums.Running, tags);
        _batchBlocks.Record(decision.BatchBlocks, tags);
        foreach (var signal in decision.Signals)
        {
            if (signal.Reading is { } reading)
            {
                _signal.Record(reading, [.. tags, new("coordinator.signal", signal.Name)]);
            }

            _zone.Record(signal.Name == decision.Signal ? 1 : 0, [.. tags, new("coordinator.signal", signal.Name)]);
        }
    }

    public void Dispose() => _meter.Dispose();
}
