using Coordinator.Server.Tests.Hosting;
using Grpc.Core;

namespace Coordinator.Server.Tests.Applications;

/// <summary>Applications and instances through unary calls.</summary>
public sealed class ApplicationServiceTests(ShopFixture shop) : IClassFixture<ShopFixture>
{
    private readonly V1.ApplicationService.ApplicationServiceClient _client = shop.Server.Applications;

    [Fact]
    public async Task An_instance_registers_is_listed_and_is_attested_gone_by_somebody_who_says_why()
    {
        var lease = await _client.HeartbeatAsync(Report("listed", "one"));
        await _client.HeartbeatAsync(Report("listed", "two"));
        Assert.True(lease.LeaseDuration.ToTimeSpan() > TimeSpan.Zero);

        var first = await _client.ListInstancesAsync(new() { Application = "applications/listed", PageSize = 1 });
        var second = await _client.ListInstancesAsync(new() { Application = "listed", PageSize = 1, PageToken = first.NextPageToken });
        Assert.Equal("applications/listed/instances/one", Assert.Single(first.Instances).Name);
        Assert.Equal("applications/listed/instances/two", Assert.Single(second.Instances).Name);
        Assert.Empty(second.NextPageToken);

        var unexplained = await Refusal.OfAsync(_client.AttestInstanceGoneAsync(new() { Application = "listed", Instance = "one" }));
        Assert.Equal((StatusCode.InvalidArgument, "INVALID_REASON"), (unexplained.Code, unexplained.Reason));
        var gone = await _client.AttestInstanceGoneAsync(new() { Application = "listed", Instance = "one", Reason = "pod deleted" });
        Assert.Equal(V1.Instance.Types.State.AttestedGone, gone.Instance.State);
        var back = await Refusal.OfAsync(_client.HeartbeatAsync(Report("listed", "one")));
        Assert.Equal((StatusCode.FailedPrecondition, "INSTANCE_ENDED"), (back.Code, back.Reason));
    }

    [Fact]
    public async Task An_expected_population_is_kept_and_shown()
    {
        var counted = await _client.SetExpectedPopulationAsync(
            new() { Application = "peopled", ExpectedPopulation = new() { Count = 8 }, RequestId = Guid.CreateVersion7().ToString() });
        Assert.Equal(8, counted.Application.ExpectedPopulation.Count);
        await _client.SetExpectedPopulationAsync(new() { Application = "peopled", ExpectedPopulation = new() { Observed = true } });
        var shown = (await _client.GetApplicationAsync(new() { Name = "applications/peopled" })).Application;
        Assert.Equal("applications/peopled", shown.Name);
        Assert.True(shown.ExpectedPopulation.Observed);
    }

    [Fact]
    public async Task The_same_request_again_is_harmless_and_with_another_body_it_is_refused()
    {
        var request = new V1.SetExpectedPopulationRequest
        {
            Application = "repeated",
            ExpectedPopulation = new() { Count = 3 },
            RequestId = Guid.CreateVersion7().ToString(),
        };
        await _client.SetExpectedPopulationAsync(request);
        await _client.SetExpectedPopulationAsync(new() { Application = "repeated", ExpectedPopulation = new() { Count = 4 } });

        var again = await _client.SetExpectedPopulationAsync(request);
        request.ExpectedPopulation.Count = 5;
        var other = await Refusal.OfAsync(_client.SetExpectedPopulationAsync(request));
        await _client.HeartbeatAsync(Report("repeated", "one"));
        var elsewhere = await Refusal.OfAsync(_client.AttestInstanceGoneAsync(
            new() { Application = "repeated", Instance = "one", Reason = "pod deleted", RequestId = request.RequestId }));

        Assert.Equal(4, again.Application.ExpectedPopulation.Count);
        Assert.Equal((StatusCode.InvalidArgument, "REQUEST_ID_REUSED"), (other.Code, other.Reason));
        Assert.Equal((StatusCode.InvalidArgument, "REQUEST_ID_REUSED"), (elsewhere.Code, elsewhere.Reason));
        Assert.Equal(4, (await _client.GetApplicationAsync(new() { Name = "repeated" })).Application.ExpectedPopulation.Count);
        Assert.Single((await _client.ListInstancesAsync(new() { Application = "repeated" })).Instances);
    }

    [Fact]
    public async Task A_start_is_checked_without_registering()
    {
        var state = await shop.StateAsync();
        Assert.True((await _client.CheckStartAsync(new() { Application = "starting", SchemaVersion = 7 })).Admitted);
        Assert.Equal(state, await shop.StateAsync());
    }

    [Fact]
    public async Task Malformed_requests_are_refused_and_change_nothing()
    {
        var state = await shop.StateAsync();
        (StatusCode Code, string Reason, Func<Task> Make)[] calls =
        [
            (StatusCode.InvalidArgument, "INVALID_SCHEMA_VERSION", () => HeartbeatAsync(report => report.SchemaVersion = 0)),
            (StatusCode.InvalidArgument, "INVALID_SCHEMA_VERSION", () => HeartbeatAsync(report => report.SchemaVersion = -1)),
            (StatusCode.InvalidArgument, "INVALID_APPLICATION", () => HeartbeatAsync(report => report.Application = new string('x', 10_240))),
            (StatusCode.InvalidArgument, "INVALID_APPLICATION", () => HeartbeatAsync(report => report.Application = "x'; drop table coordinator.instance; --")),
            (StatusCode.InvalidArgument, "INVALID_INSTANCE", () => HeartbeatAsync(report => report.Instance = new string('x', 10_240))),
            (StatusCode.InvalidArgument, "INVALID_INSTANCE", () => HeartbeatAsync(report => report.Instance = "nul\0")),
            (StatusCode.InvalidArgument, "INVALID_APP_VERSION", () => HeartbeatAsync(report => report.AppVersion = new string('x', 10_240))),
            (StatusCode.InvalidArgument, "INVALID_APPLICATION", () => _client.LeaveAsync(new() { Application = "", Instance = "a" }).ResponseAsync),
            (StatusCode.InvalidArgument, "INVALID_SCHEMA_VERSION", () => _client.CheckStartAsync(new() { Application = "a" }).ResponseAsync),
            (StatusCode.InvalidArgument, "INVALID_APPLICATION", () => _client.GetApplicationAsync(new() { Name = "A B" }).ResponseAsync),
            (StatusCode.NotFound, "APPLICATION_NOT_FOUND", () => _client.GetApplicationAsync(new() { Name = "nobody" }).ResponseAsync),
            (StatusCode.InvalidArgument, "POPULATION_MISSING", () => _client.SetExpectedPopulationAsync(new() { Application = "a" }).ResponseAsync),
            (StatusCode.InvalidArgument, "POPULATION_INVALID", () => _client.SetExpectedPopulationAsync(new() { Application = "a", ExpectedPopulation = new() { Count = -1 } }).ResponseAsync),
            (StatusCode.NotFound, "INSTANCE_NOT_FOUND", () => _client.AttestInstanceGoneAsync(new() { Application = "a", Instance = "a", Reason = "gone" }).ResponseAsync),
            (StatusCode.InvalidArgument, "INVALID_PAGE_SIZE", () => _client.ListInstancesAsync(new() { PageSize = -1 }).ResponseAsync),
            (StatusCode.InvalidArgument, "INVALID_PAGE_TOKEN", () => _client.ListInstancesAsync(new() { PageToken = "?" }).ResponseAsync),
        ];
        foreach (var (code, reason, make) in calls)
        {
            var refusal = await Refusal.OfAsync(make);
            Assert.Equal((code, reason), (refusal.Code, refusal.Reason));
        }

        Assert.Equal(state, await shop.StateAsync());
    }

    private static V1.HeartbeatRequest Report(string application, string instance) => new()
    {
        Report = new V1.InstanceReport { Application = application, Instance = instance, SchemaVersion = 41 },
    };

    private async Task HeartbeatAsync(Action<V1.InstanceReport> change)
    {
        var request = Report("malformed", "one");
        change(request.Report);
        await _client.HeartbeatAsync(request);
    }
}
