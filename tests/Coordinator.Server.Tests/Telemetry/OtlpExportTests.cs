using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using Coordinator.Server.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Coordinator.Server.Tests.Telemetry;

/// <summary>Metrics and traces reach the collector that the environment names.</summary>
public sealed class OtlpExportTests
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string Protocol = "OTEL_EXPORTER_OTLP_PROTOCOL";

    [Fact]
    public async Task What_our_meters_and_sources_record_is_sent_when_a_collector_is_named()
    {
        var received = new HashSet<string>();
        await using var collector = await StartCollectorAsync(received);
        Environment.SetEnvironmentVariable(Endpoint, collector.Urls.First());
        Environment.SetEnvironmentVariable(Protocol, "http/protobuf");
        try
        {
            using var export = new OtlpExport();
            await export.StartAsync(CancellationToken.None);
            using var meter = new Meter("Coordinator.Probe");
            using var source = new ActivitySource("Coordinator.Probe");
            meter.CreateCounter<int>("probe").Add(1);
            source.StartActivity("probe")?.Dispose();
        }
        finally
        {
            Environment.SetEnvironmentVariable(Endpoint, null);
            Environment.SetEnvironmentVariable(Protocol, null);
        }

        Assert.Superset(new HashSet<string> { "/v1/metrics", "/v1/traces" }, received);
    }

    [Fact]
    public async Task Nothing_is_built_without_a_collector()
    {
        using var export = new OtlpExport();

        await export.StartAsync(CancellationToken.None);

        using var source = new ActivitySource("Coordinator.Nobody");
        Assert.Null(source.StartActivity("unheard"));
    }

    private static async Task<WebApplication> StartCollectorAsync(HashSet<string> received)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.Run(context =>
        {
            lock (received)
            {
                received.Add(context.Request.Path);
            }

            return Task.CompletedTask;
        });
        await app.StartAsync();
        return app;
    }
}
