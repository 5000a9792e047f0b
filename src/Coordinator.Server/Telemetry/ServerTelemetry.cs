using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Coordinator.Server.Telemetry;

/// <summary>The meter and the activity source of this assembly, with OpenTelemetry's names for RPC.</summary>
internal sealed class ServerTelemetry : IDisposable
{
    public const string Name = "Coordinator.Server";

    // The boundaries that the semantic conventions advise.
    private static readonly double[] Boundaries =
        [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

    private readonly Meter _meter;

    public ServerTelemetry(IMeterFactory meters)
    {
        _meter = meters.Create(Name);
        CallDuration = _meter.CreateHistogram(
            "rpc.server.call.duration", "s", "Duration of inbound calls.", tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = Boundaries });
    }

    public ActivitySource Source { get; } = new(Name);

    public Histogram<double> CallDuration { get; }

    public void Dispose()
    {
        _meter.Dispose();
        Source.Dispose();
    }
}
