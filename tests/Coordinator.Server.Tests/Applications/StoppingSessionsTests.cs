using Coordinator.Server.Tests.Hosting;
using Coordinator.Testing;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Coordinator.Server.Tests.Applications;

/// <summary>A server that stops while instances send their heartbeats: each of them hears why, and what was acknowledged is on disk.</summary>
public sealed class StoppingSessionsTests : IAsyncLifetime
{
    private const int Connections = 5;
    private const int SessionsPerConnection = 10;

    private TestDatabase _database = null!;

    public async Task InitializeAsync() => _database = await TestDatabase.CreateAsync();

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Every_session_hears_that_the_server_stops_and_the_stop_waits_for_none(int run)
    {
        var server = await StartAsync();
        List<GrpcChannel> channels = [.. Enumerable.Range(0, Connections).Select(_ => GrpcChannel.ForAddress(server.Address))];
        // Without a pause between heartbeats, so that the stop finds some in every place: read, at the database, being answered.
        List<Beating> sessions =
        [
            .. channels.SelectMany((channel, connection) => Enumerable.Range(0, SessionsPerConnection)
                .Select(number => new Beating(channel, $"run-{run}-{connection}-{number}"))),
        ];
        foreach (var session in sessions)
        {
            await session.Acknowledged.WaitAsync(Eventually.DefaultBound);
        }

        // The host's patience is longer than the test's: whatever waits for it fails.
        await server.App.StopAsync().WaitAsync(Eventually.DefaultBound);

        foreach (var session in sessions)
        {
            var refusal = await session.Ended.WaitAsync(Eventually.DefaultBound);
            Assert.Equal((StatusCode.Unavailable, "SERVER_STOPPING"), (refusal.Code, refusal.Reason));
            Assert.NotNull(refusal.Retry);
        }

        Assert.Equal(sessions.Count, await _database.ScalarAsync<long>(
            $"select count(*) from coordinator.instance where state = 0 and instance like 'run-{run}-%'"));
        channels.ForEach(channel => channel.Dispose());
        await server.DisposeAsync();
    }

    private Task<ServerHost> StartAsync() => ServerHost.StartAsync(
        ServerHost.Options(_database.ConnectionString),
        builder => builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMinutes(10)));

    /// <summary>A session that sends the next heartbeat as soon as the last one is acknowledged, until it is ended.</summary>
    private sealed class Beating
    {
        private readonly TaskCompletionSource _acknowledged = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Beating(GrpcChannel channel, string instance) =>
            Ended = Refusal.OfAsync(() => BeatAsync(new V1.ApplicationService.ApplicationServiceClient(channel), instance));

        public Task Acknowledged => _acknowledged.Task;

        public Task<Refusal> Ended { get; }

        private async Task BeatAsync(V1.ApplicationService.ApplicationServiceClient applications, string instance)
        {
            var report = new V1.InstanceReport { Application = "shop-stop", Instance = instance, SchemaVersion = 1 };
            using var session = applications.Session();
            while (true)
            {
                try
                {
                    await session.RequestStream.WriteAsync(new V1.SessionRequest { Report = report });
                }
                catch (Exception exception) when (exception is InvalidOperationException or RpcException)
                {
                    // The stream has ended; the reader has the reason.
                }

                Assert.True(await session.ResponseStream.MoveNext(CancellationToken.None));
                _acknowledged.TrySetResult();
            }
        }
    }
}
