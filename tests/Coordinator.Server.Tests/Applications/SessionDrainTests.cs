using Coordinator.Client;
using Coordinator.Client.Instances;
using Coordinator.Engine.Applications;
using Coordinator.Server.Applications;
using Coordinator.Server.Tests.Hosting;
using Coordinator.Testing;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Session = Grpc.Core.AsyncDuplexStreamingCall<Coordinator.V1.SessionRequest, Coordinator.V1.SessionResponse>;

namespace Coordinator.Server.Tests.Applications;

/// <summary>A replica that stops asks its instances to move, and serves them until they have.</summary>
public sealed class SessionDrainTests : IAsyncLifetime
{
    // Longer than any test waits: what ends sooner did not wait for it.
    private static readonly TimeSpan Unreached = TimeSpan.FromSeconds(20);

    private TestDatabase _database = null!;

    public async Task InitializeAsync() => _database = await TestDatabase.CreateAsync();

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task Each_is_told_and_served_until_it_goes_and_then_the_stop_goes_on()
    {
        var server = await StartAsync(options =>
        {
            options.HttpListen = "http://127.0.0.1:0";
            options.DrainTime = Unreached;
        });
        using var session = await OpenAsync(server, "moving", takesHints: true);

        var stop = server.App.StopAsync();

        var hint = await NextAsync(session);
        Assert.Null(hint.LeaseDuration);
        Assert.InRange(hint.Drain.Within.ToTimeSpan(), TimeSpan.FromSeconds(1), Unreached * 0.7);
        Assert.Equal(Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus.NotServing, (await server.Health.CheckAsync(new())).Status);
        Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, (await server.Http.GetAsync("/healthz")).StatusCode);
        for (var beat = 0; beat < 3; beat++)
        {
            Assert.NotNull((await BeatAsync(session, "moving", takesHints: true)).LeaseDuration);
        }

        // Without a message: one that is still being written when the call is ended can take the reason's place.
        using var late = server.Applications.Session();
        await EndsStoppingAsync(late);
        await server.Applications.HeartbeatAsync(new() { Report = Report("moving") });
        Assert.False(stop.IsCompleted);

        await session.RequestStream.CompleteAsync();

        await stop.WaitAsync(Unreached / 2);
        Assert.Equal("moving", await _database.ScalarAsync<string>("select string_agg(instance, ',') from coordinator.instance"));
        await server.DisposeAsync();
    }

    [Fact]
    public async Task One_that_stays_is_ended_when_the_drain_time_is_over()
    {
        var server = await StartAsync(options => options.DrainTime = TimeSpan.FromMilliseconds(100));
        using var session = await OpenAsync(server, "staying", takesHints: true);

        var stop = server.App.StopAsync();

        Assert.NotNull((await NextAsync(session)).Drain);
        await EndsStoppingAsync(session);
        await stop.WaitAsync(Eventually.DefaultBound);
        await server.DisposeAsync();
    }

    [Theory]
    [InlineData(false, 20)]
    [InlineData(true, 0)]
    public async Task One_that_takes_no_hints_is_ended_at_once_and_without_a_drain_time_all_are(bool takesHints, int drainSeconds)
    {
        var server = await StartAsync(options => options.DrainTime = TimeSpan.FromSeconds(drainSeconds));
        using var session = await OpenAsync(server, "old", takesHints);

        var stop = server.App.StopAsync();

        await EndsStoppingAsync(session);
        await stop.WaitAsync(Unreached / 2);
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_fleet_moves_to_another_replica_and_no_lease_lapses()
    {
        var first = await StartAsync(options => options.DrainTime = TimeSpan.FromSeconds(2));
        await using var second = await StartAsync();
        var clients = Enumerable.Range(0, 20).Select(_ => ClientOf(first, second)).ToList();
        var fleet = clients.Select((client, number) => new InstanceSession(
            client, new CoordinatorInstanceOptions { Application = "shop-drain", SchemaVersion = 1, Instance = $"i{number}" })).ToList();
        await Task.WhenAll(fleet.Select(session => session.StartAsync()));
        var leases = fleet.Select(session => session.LeaseLost).ToList();
        var registered = await _database.ScalarAsync<string>("select string_agg(instance || registered_at, ',' order by instance) from coordinator.instance");

        await first.App.StopAsync().WaitAsync(Eventually.DefaultBound);

        var streams = second.App.Services.GetRequiredService<OpenSessions>();
        await Eventually.TrueAsync(() => Task.FromResult(streams.Count == fleet.Count), "all streams are at the other replica");
        Assert.All(fleet, session => Assert.True(session.MayWrite));
        Assert.All(leases, lease => Assert.False(lease.IsCancellationRequested));
        Assert.Equal(registered, await _database.ScalarAsync<string>(
            "select string_agg(instance || registered_at, ',' order by instance) from coordinator.instance where state = 0"));
        await Task.WhenAll(fleet.Select(session => session.DisposeAsync().AsTask()));
        clients.ForEach(client => client.Dispose());
        await first.DisposeAsync();
    }

    [Fact]
    public async Task A_new_interval_is_told_at_once_to_those_who_take_hints_and_with_every_answer()
    {
        await using var server = await StartAsync(options => options.Timings.HeartbeatInterval = TimeSpan.FromMilliseconds(50));
        using var told = await OpenAsync(server, "told", takesHints: true);
        using var untold = await OpenAsync(server, "untold", takesHints: false);
        var pace = server.App.Services.GetRequiredService<InstanceRegistry>().Pace;

        var next = NextAsync(told);
        await Eventually.TrueAsync(
            () =>
            {
                pace.Took(TimeSpan.FromMinutes(1));
                return Task.FromResult(next.IsCompleted);
            },
            "a hint");

        var hint = await next;
        Assert.Null(hint.LeaseDuration);
        Assert.True(hint.HeartbeatInterval.ToTimeSpan() > TimeSpan.FromMilliseconds(50));
        var answer = await BeatAsync(untold, "untold", takesHints: false);
        Assert.NotNull(answer.LeaseDuration);
        Assert.True(answer.HeartbeatInterval.ToTimeSpan() > TimeSpan.FromMilliseconds(50));
    }

    private Task<ServerHost> StartAsync(Action<CoordinatorServerOptions>? configure = null)
    {
        var options = ServerHost.Options(_database.ConnectionString);
        configure?.Invoke(options);
        return ServerHost.StartAsync(
            options, builder => builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMinutes(10)));
    }

    private static CoordinatorClient ClientOf(params ServerHost[] servers)
    {
        var options = new CoordinatorClientOptions();
        foreach (var server in servers)
        {
            options.Addresses.Add(server.Address);
        }

        return new CoordinatorClient(options);
    }

    private static async Task<Session> OpenAsync(ServerHost server, string instance, bool takesHints)
    {
        var session = server.Applications.Session();
        Assert.NotNull((await BeatAsync(session, instance, takesHints)).LeaseDuration);
        return session;
    }

    private static async Task<V1.SessionResponse> BeatAsync(Session session, string instance, bool takesHints)
    {
        await session.RequestStream.WriteAsync(new V1.SessionRequest { Report = Report(instance), TakesHints = takesHints });
        return await NextAsync(session);
    }

    private static async Task<V1.SessionResponse> NextAsync(Session session)
    {
        Assert.True(await session.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Eventually.DefaultBound));
        return session.ResponseStream.Current;
    }

    private static async Task EndsStoppingAsync(Session session)
    {
        var refusal = await Refusal.OfAsync(() => session.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal((StatusCode.Unavailable, "SERVER_STOPPING"), (refusal.Code, refusal.Reason));
        Assert.NotNull(refusal.Retry);
    }

    private static V1.InstanceReport Report(string instance) => new() { Application = "shop-drain", Instance = instance, SchemaVersion = 1 };
}
