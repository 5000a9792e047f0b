using System.Net;
using Coordinator.Postgres.Embedded;
using Coordinator.Server.Tests.Hosting;
using Coordinator.Testing;
using Grpc.Core;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Coordinator.Server.Tests.Health;

/// <summary>Health while the coordination database comes and goes: on a server of its own, which these tests stop.</summary>
public sealed class HealthTests : IAsyncLifetime
{
    // Every service of the protocol by its name: one that is added later is here by itself, and known to health only if that was thought of.
    private static readonly string[] Names =
    [
        "",
        "readiness",
        "grpc.health.v1.Health",
        .. typeof(V1.ReadinessService).Assembly.GetTypes()
            .Where(type => type.IsAbstract && type.IsSealed && type.Namespace == "Coordinator.V1")
            .Select(type => type.GetProperty("Descriptor")?.GetValue(null))
            .OfType<Google.Protobuf.Reflection.ServiceDescriptor>()
            .Select(service => service.FullName),
    ];

    private EmbeddedPostgres? _postgres;

    private EmbeddedPostgres Postgres => _postgres!;

    public async Task InitializeAsync() => _postgres = await EmbeddedPostgres.StartAsync(TestServer.Options(), CancellationToken.None);

    [Fact]
    public async Task Every_service_serves_until_the_coordination_database_is_gone_and_again_when_it_is_back()
    {
        await using var server = await StartAsync();
        using var http = new HttpClient { BaseAddress = new Uri(server.App.Urls.Last()) };
        using var watch = server.Health.Watch(new());
        await NextAsync(watch, ServingStatus.Serving);
        Assert.Superset(new HashSet<string> { "coordinator.v1.MigrationService", "coordinator.v1.BackfillService", "coordinator.v1.ReadinessService" }, Names.ToHashSet());
        foreach (var name in Names)
        {
            Assert.Equal(ServingStatus.Serving, (await server.Health.CheckAsync(new() { Service = name })).Status);
        }

        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/healthz")).StatusCode);

        await Postgres.StopAsync(PostgresShutdown.Immediate, CancellationToken.None);
        await NextAsync(watch, ServingStatus.NotServing);
        foreach (var name in Names)
        {
            Assert.Equal(ServingStatus.NotServing, (await server.Health.CheckAsync(new() { Service = name })).Status);
        }

        Assert.Equal(ServingStatus.Serving, (await server.Health.CheckAsync(new() { Service = "liveness" })).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("/healthz")).StatusCode);
        using var unanswered = await http.GetAsync("/v1/readiness/deploy/shop-api/42");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "1"), (unanswered.StatusCode, unanswered.Headers.RetryAfter?.ToString()));
        Assert.Contains("COORDINATION_DATABASE_UNAVAILABLE", await unanswered.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await UnavailableAsync(server);

        await Postgres.StartServerAsync(CancellationToken.None);
        await NextAsync(watch, ServingStatus.Serving);
        Assert.Empty((await server.Migrations.ListMigrationsAsync(new())).Migrations);
    }

    [Fact]
    public async Task A_stopping_server_says_so_and_ends_its_streams()
    {
        var server = await StartAsync();
        using var health = server.Health.Watch(new());
        await NextAsync(health, ServingStatus.Serving);
        using var session = server.Applications.Session();
        await session.RequestStream.WriteAsync(new()
        {
            Report = new V1.InstanceReport { Application = "a", Instance = "i", SchemaVersion = 1 },
        });
        Assert.True(await session.ResponseStream.MoveNext(CancellationToken.None));
        using var readiness = server.Readiness.Watch(
            new() { Question = new() { Deploy = new() { Application = "a", SchemaVersion = 1 } } });
        Assert.True(await readiness.ResponseStream.MoveNext(CancellationToken.None));

        server.App.Lifetime.StopApplication();

        await NextAsync(health, ServingStatus.NotServing);
        Assert.False(await health.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Eventually.DefaultBound));
        Task<bool>[] streams = [session.ResponseStream.MoveNext(CancellationToken.None), readiness.ResponseStream.MoveNext(CancellationToken.None)];
        foreach (var stream in streams)
        {
            var refusal = await Refusal.OfAsync(() => stream);
            Assert.Equal((StatusCode.Unavailable, "SERVER_STOPPING"), (refusal.Code, refusal.Reason));
        }

        await server.DisposeAsync().AsTask().WaitAsync(Eventually.DefaultBound);
    }

    [Fact]
    public async Task An_unknown_service_is_not_found_by_check_and_unknown_to_watch()
    {
        await using var server = await StartAsync();

        var refusal = await Refusal.OfAsync(server.Health.CheckAsync(new() { Service = "nobody" }));
        using var watch = server.Health.Watch(new() { Service = "nobody" });

        Assert.Equal((StatusCode.NotFound, "SERVICE_NOT_FOUND"), (refusal.Code, refusal.Reason));
        await NextAsync(watch, ServingStatus.ServiceUnknown);
    }

    public async Task DisposeAsync() => await Postgres.DisposeAsync();

    private static async Task UnavailableAsync(ServerHost server)
    {
        Func<Task>[] calls =
        [
            () => server.Migrations.ListMigrationsAsync(new()).ResponseAsync,
            () => server.Migrations.GetMigrationAsync(new() { Name = "m" }).ResponseAsync,
            () => server.Applications.HeartbeatAsync(new() { Report = new() { Application = "a", Instance = "i", SchemaVersion = 1 } }).ResponseAsync,
            () => server.Workers.AcquireBatchesAsync(new() { Worker = "w", Targets = { "t" }, MaxBatchCount = 1 }).ResponseAsync,
        ];
        foreach (var call in calls)
        {
            var refusal = await Refusal.OfAsync(call);
            Assert.Equal((StatusCode.Unavailable, "COORDINATION_DATABASE_UNAVAILABLE"), (refusal.Code, refusal.Reason));
            Assert.NotNull(refusal.Retry);
        }
    }

    private static async Task NextAsync(AsyncServerStreamingCall<Grpc.Health.V1.HealthCheckResponse> watch, ServingStatus expected)
    {
        do
        {
            Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Eventually.DefaultBound));
        }
        while (watch.ResponseStream.Current.Status != expected);
    }

    private async Task<ServerHost> StartAsync()
    {
        var options = ServerHost.Options(Postgres.ConnectionString());
        options.HttpListen = "http://127.0.0.1:0";
        return await ServerHost.StartAsync(options);
    }
}
