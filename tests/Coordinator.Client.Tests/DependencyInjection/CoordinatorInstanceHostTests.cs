using Coordinator.Client.Instances;
using Coordinator.Client.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Coordinator.Client.Tests.DependencyInjection;

public sealed class CoordinatorInstanceHostTests
{
    private readonly FakeApplications _service = new();

    [Fact]
    public async Task The_instance_is_registered_before_any_service_starts_and_leaves_after_the_last_one_stopped()
    {
        await using var server = await GrpcHost.StartAsync(_service);
        var witness = new Witness(_service);
        using var host = Build(server.Address, services => services.AddHostedService(_ => witness));

        await host.StartAsync();
        Assert.True(host.Services.GetRequiredService<ICoordinatorInstance>().MayWrite);
        await host.StopAsync();

        Assert.Equal((1, 0), (witness.BeatsAtStart, witness.LeavesAtStop));
        Assert.Single(_service.Leaves);
    }

    [Fact]
    public async Task It_can_leave_as_soon_as_the_host_begins_to_stop()
    {
        await using var server = await GrpcHost.StartAsync(_service);
        var witness = new Witness(_service);
        using var host = Build(
            server.Address, services => services.AddHostedService(_ => witness), o => o.LeaveWhen = LeaveMoment.Stopping);

        await host.StartAsync();
        await host.StopAsync();

        Assert.Equal(1, witness.LeavesAtStop);
        Assert.Single(_service.Leaves);
    }

    [Fact]
    public async Task A_refused_version_stops_the_start_of_the_host()
    {
        _service.OnBeat = _ => throw ServiceErrors.VersionRetired();
        await using var server = await GrpcHost.StartAsync(_service);
        var witness = new Witness(_service);
        using var host = Build(server.Address, services => services.AddHostedService(_ => witness));

        var exception = await Assert.ThrowsAsync<InstanceStartException>(() => host.StartAsync());

        Assert.Equal("VERSION_RETIRED", exception.Reason);
        Assert.Null(witness.BeatsAtStart);
    }

    [Fact]
    public async Task A_host_that_fails_to_start_later_takes_the_instance_off_again()
    {
        await using var server = await GrpcHost.StartAsync(_service);
        var host = Build(server.Address, services => services.AddHostedService<FailsToStart>());

        await Assert.ThrowsAsync<NotSupportedException>(() => host.StartAsync());
        await ((IAsyncDisposable)host).DisposeAsync();

        Assert.Single(_service.Leaves);
    }

    [Fact]
    public async Task The_health_check_is_there_with_its_tags()
    {
        await using var server = await GrpcHost.StartAsync(_service);
        using var host = Build(server.Address, _ => { });
        await host.StartAsync();

        var report = await host.Services.GetRequiredService<HealthCheckService>()
            .CheckHealthAsync(check => check.Tags.Contains("ready") && check.Tags.Contains("coordinator"));

        Assert.Equal(HealthStatus.Healthy, report.Entries["coordinator"].Status);
        await host.StopAsync();
    }

    [Fact]
    public void A_process_is_one_instance()
    {
        var services = new ServiceCollection();
        services.AddCoordinatorInstance("shop-api", _ => { });

        Assert.Throws<InvalidOperationException>(() => services.AddCoordinatorInstance("shop-worker", _ => { }));
    }

    private static IHost Build(
        string address, Action<IServiceCollection> add, Action<CoordinatorInstanceOptions>? configure = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration["Coordinator:Addresses:0"] = address;
        // First in the list, so that the order of registration is not what makes the instance come first.
        add(builder.Services);
        builder.Services.AddCoordinatorInstance("shop-api", options =>
        {
            options.SchemaVersion = 41;
            configure?.Invoke(options);
        });
        return builder.Build();
    }

    private sealed class Witness(FakeApplications service) : IHostedService
    {
        public int? BeatsAtStart { get; private set; }

        public int? LeavesAtStop { get; private set; }

        public Task StartAsync(CancellationToken cancellationToken)
        {
            BeatsAtStart = service.StreamBeats.Count;
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            LeavesAtStop = service.Leaves.Count;
            return Task.CompletedTask;
        }
    }

    private sealed class FailsToStart : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => throw new NotSupportedException("by design");

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
