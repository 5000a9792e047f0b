using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Coordinator.Server.Tests.Hosting;

/// <summary>The real server on free ports of this machine, and a channel to it.</summary>
internal sealed class ServerHost : IAsyncDisposable
{
    private ServerHost(WebApplication app)
    {
        App = app;
        Address = app.Urls.First();
        Channel = GrpcChannel.ForAddress(Address);
        Http = new HttpClient { BaseAddress = new Uri(app.Urls.Last()) };
    }

    public WebApplication App { get; }

    public string Address { get; }

    public GrpcChannel Channel { get; }

    /// <summary>The HTTP/1.1 listener, of a server that has one.</summary>
    public HttpClient Http { get; }

    public V1.MigrationService.MigrationServiceClient Migrations => new(Channel);

    public V1.ApplicationService.ApplicationServiceClient Applications => new(Channel);

    public V1.WorkerService.WorkerServiceClient Workers => new(Channel);

    public V1.BackfillService.BackfillServiceClient Backfills => new(Channel);

    public V1.ReadinessService.ReadinessServiceClient Readiness => new(Channel);

    public Grpc.Health.V1.Health.HealthClient Health => new(Channel);

    /// <summary>Options for tests: loopback, any port, no HTTP/1.1 listener unless a test adds one.</summary>
    public static CoordinatorServerOptions Options(string connectionString) => new()
    {
        ConnectionString = connectionString,
        Listen = "http://127.0.0.1:0",
        HttpListen = "",
    };

    public static async Task<ServerHost> StartAsync(
        CoordinatorServerOptions options, Action<WebApplicationBuilder>? configure = null)
    {
        var app = Build(options, configure);
        try
        {
            await app.StartAsync();
            return new ServerHost(app);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    public static WebApplication Build(CoordinatorServerOptions options, Action<WebApplicationBuilder>? configure = null) =>
        CoordinatorServer.Build(options, builder =>
        {
            builder.Logging.ClearProviders();
            configure?.Invoke(builder);
        });

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        Http.Dispose();
        await App.StopAsync();
        await App.DisposeAsync();
    }
}
