using BenchmarkDotNet.Attributes;
using Coordinator.Server;
using Coordinator.Testing;
using Coordinator.V1;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Coordinator.Benchmarks;

/// <summary>
/// One unary call through the whole server, interceptors included: a readiness answer, which reads the database, against
/// a health answer, which does not. Client, server and database share the machine.
/// </summary>
public class UnaryCallBenchmark
{
    private readonly HealthCheckRequest _healthRequest = new();
    private readonly CheckStartRequest _startRequest = new() { Application = "shop-api", SchemaVersion = 42 };
    private TestDatabase _database = null!;
    private WebApplication _server = null!;
    private GrpcChannel _channel = null!;
    private Health.HealthClient _health = null!;
    private ApplicationService.ApplicationServiceClient _applications = null!;

    /// <summary>A server on a port of its own, and a coordination database.</summary>
    [GlobalSetup]
    public void SetUp() => SetUpAsync().GetAwaiter().GetResult();

    /// <summary>Stops it and drops the database.</summary>
    [GlobalCleanup]
    public void CleanUp() => CleanUpAsync().GetAwaiter().GetResult();

    /// <summary>The baseline: answered from memory.</summary>
    [Benchmark(Baseline = true)]
    public async Task HealthAsync() => await _health.CheckAsync(_healthRequest);

    /// <summary>Answered from the database.</summary>
    [Benchmark]
    public async Task CheckStartAsync() => await _applications.CheckStartAsync(_startRequest);

    private async Task SetUpAsync()
    {
        _database = await TestDatabase.CreateAsync();
        _server = CoordinatorServer.Build(
            new CoordinatorServerOptions
            {
                ConnectionString = _database.ConnectionString,
                Listen = "http://127.0.0.1:0",
                HttpListen = "",
            },
            builder => builder.Logging.ClearProviders());
        await _server.StartAsync();
        var addresses = _server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        _channel = GrpcChannel.ForAddress(addresses.Addresses.Single());
        _health = new Health.HealthClient(_channel);
        _applications = new ApplicationService.ApplicationServiceClient(_channel);
    }

    private async Task CleanUpAsync()
    {
        _channel.Dispose();
        await _server.StopAsync();
        await _server.DisposeAsync();
        await _database.DisposeAsync();
    }
}
