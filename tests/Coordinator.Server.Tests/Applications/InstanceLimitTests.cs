using Coordinator.Server.Tests.Hosting;
using Coordinator.Testing;
using Grpc.Core;

namespace Coordinator.Server.Tests.Applications;

/// <summary>What one caller and one connection may take.</summary>
public sealed class InstanceLimitTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public async Task InitializeAsync() => _database = await TestDatabase.CreateAsync();

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task A_connection_holds_as_many_sessions_as_it_may_and_one_that_ends_makes_room()
    {
        await using var server = await StartAsync(options => options.Limits.SessionsPerConnection = 2);
        using var first = await OpenAsync(server, "a");
        using var second = await OpenAsync(server, "b");

        // Without a message: one that is still being written when the call is ended can take the reason's place.
        using var refused = server.Applications.Session();
        var refusal = await Refusal.OfAsync(() => refused.ResponseStream.MoveNext(CancellationToken.None));

        Assert.Equal((StatusCode.ResourceExhausted, "SESSIONS_PER_CONNECTION"), (refusal.Code, refusal.Reason));
        await first.RequestStream.CompleteAsync();
        Assert.False(await first.ResponseStream.MoveNext(CancellationToken.None));
        using var third = await OpenAsync(server, "c");
    }

    [Fact]
    public async Task A_caller_that_registers_too_fast_is_refused_and_its_instances_still_renew()
    {
        await using var server = await StartAsync(options => options.Limits.RegistrationsPerSecond = 1);
        await BeatAsync(server, "known");

        // Two at once and one a second; the database takes many more.
        var refusal = await Refusal.OfAsync(async () =>
        {
            for (var number = 0; number < 1000; number++)
            {
                await BeatAsync(server, $"new-{number}");
            }
        });

        Assert.Equal((StatusCode.ResourceExhausted, "REGISTRATIONS_TOO_FAST"), (refusal.Code, refusal.Reason));
        for (var number = 0; number < 5; number++)
        {
            await BeatAsync(server, "known");
        }
    }

    private Task<ServerHost> StartAsync(Action<CoordinatorServerOptions>? configure = null)
    {
        var options = ServerHost.Options(_database.ConnectionString);
        configure?.Invoke(options);
        return ServerHost.StartAsync(options);
    }

    private static async Task<AsyncDuplexStreamingCall<V1.SessionRequest, V1.SessionResponse>> OpenAsync(
        ServerHost server, string instance)
    {
        var session = server.Applications.Session();
        await session.RequestStream.WriteAsync(Report(instance));
        Assert.True(await session.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Eventually.DefaultBound));
        return session;
    }

    private static async Task BeatAsync(ServerHost server, string instance) =>
        await server.Applications.HeartbeatAsync(new V1.HeartbeatRequest { Report = Report(instance).Report });

    private static V1.SessionRequest Report(string instance) => new()
    {
        Report = new V1.InstanceReport { Application = "shop-limits", Instance = instance, SchemaVersion = 1 },
    };
}
