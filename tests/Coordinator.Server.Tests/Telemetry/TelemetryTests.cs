using System.Diagnostics;
using System.Diagnostics.Metrics;
using Coordinator.Server.Telemetry;
using Coordinator.Server.Tests.Hosting;
using Coordinator.Testing;
using Grpc.Core;

namespace Coordinator.Server.Tests.Telemetry;

/// <summary>What a call leaves behind for operators.</summary>
public sealed class TelemetryTests(ShopFixture shop) : IClassFixture<ShopFixture>
{
    [Fact]
    public async Task Every_call_is_measured_under_opentelemetrys_names()
    {
        var measured = new List<Dictionary<string, object?>>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument is { Name: "rpc.server.call.duration", Unit: "s", Meter.Name: "Coordinator.Server" })
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) =>
        {
            lock (measured)
            {
                measured.Add(tags.ToArray().ToDictionary());
            }
        });
        listener.Start();

        await shop.Server.Migrations.ListMigrationsAsync(new());
        await Refusal.OfAsync(shop.Server.Migrations.RetryMigrationAsync(new() { Name = "nobody" }));

        await Eventually.TrueAsync(() => Task.FromResult(Has("ListMigrations", "OK") && Has("RetryMigration", "NOT_FOUND")), "both calls are measured");

        bool Has(string method, string status)
        {
            lock (measured)
            {
                return measured.Any(tags => Equals(tags["rpc.method"], $"coordinator.v1.MigrationService/{method}")
                    && Equals(tags["rpc.response.status_code"], status)
                    && Equals(tags["rpc.system.name"], "grpc")
                    && !tags.ContainsKey("error.type"));
            }
        }
    }

    [Fact]
    public async Task A_span_continues_the_callers_trace()
    {
        var trace = ActivityTraceId.CreateRandom().ToHexString();
        var spans = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Coordinator.Server",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                lock (spans)
                {
                    spans.Add(span);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);

        await shop.Server.Migrations.ListMigrationsAsync(new(), new Metadata { { "traceparent", $"00-{trace}-00f067aa0ba902b7-01" } });

        await Eventually.TrueAsync(
            () =>
            {
                lock (spans)
                {
                    return Task.FromResult(spans.Any(span => span.TraceId.ToHexString() == trace
                        && span.Kind == ActivityKind.Server
                        && span.DisplayName == "coordinator.v1.MigrationService/ListMigrations"));
                }
            },
            "the call's span is recorded under the caller's trace");
    }

    [Theory]
    [InlineData(StatusCode.OK, "OK")]
    [InlineData(StatusCode.NotFound, "NOT_FOUND")]
    [InlineData(StatusCode.FailedPrecondition, "FAILED_PRECONDITION")]
    [InlineData(StatusCode.Unauthenticated, "UNAUTHENTICATED")]
    [InlineData(StatusCode.Cancelled, "CANCELLED")]
    public void Status_codes_are_written_as_grpc_writes_them(StatusCode code, string name) => Assert.Equal(name, StatusNames.Of(code));
}
