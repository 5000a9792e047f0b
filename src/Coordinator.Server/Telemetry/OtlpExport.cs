using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Coordinator.Server.Telemetry;

/// <summary>
/// Sends metrics and traces to a collector when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names one. The exporter reads the
/// other <c>OTEL_*</c> variables itself.
/// </summary>
internal sealed class OtlpExport : IHostedService, IDisposable
{
    private const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private MeterProvider? _metrics;
    private TracerProvider? _traces;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (!string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(EndpointVariable)))
        {
            _metrics = Sdk.CreateMeterProviderBuilder()
                .ConfigureResource(Describe)
                .AddMeter("Coordinator.*", "Npgsql", "System.Runtime", "Microsoft.AspNetCore.Server.Kestrel")
                .AddOtlpExporter()
                .Build();
            _traces = Sdk.CreateTracerProviderBuilder()
                .ConfigureResource(Describe)
                .AddSource("Coordinator.*", "Npgsql")
                .AddOtlpExporter()
                .Build();
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Sends what is left.</summary>
    public void Dispose()
    {
        _metrics?.Dispose();
        _traces?.Dispose();
    }

    // OTEL_SERVICE_NAME, read by the SDK afterwards, wins.
    private static void Describe(ResourceBuilder resource) =>
        resource.AddService("coordinator", serviceVersion: typeof(OtlpExport).Assembly.GetName().Version?.ToString());
}
