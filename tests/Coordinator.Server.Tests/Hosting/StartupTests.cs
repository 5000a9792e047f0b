using Coordinator.Postgres.Embedded;
using Coordinator.Server.Hosting;
using Coordinator.Testing;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Coordinator.Server.Tests.Hosting;

/// <summary>How a replica starts when its coordination database is not there yet, or never.</summary>
public class StartupTests
{
    [Fact]
    public async Task Without_its_database_the_server_gives_up_after_its_patience_and_says_why()
    {
        var options = ServerHost.Options("Host=127.0.0.1;Port=1;Database=nowhere;Username=nobody;Password=hunter2;Timeout=2");
        options.StartTimeout = TimeSpan.Zero;

        var exception = await Assert.ThrowsAsync<CoordinationDatabaseMissingException>(() => ServerHost.StartAsync(options));

        Assert.Contains("ConnectionString", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_comes_later_is_waited_for_and_nothing_listens_before()
    {
        await using var postgres = await EmbeddedPostgres.StartAsync(TestServer.Options(), CancellationToken.None);
        await postgres.StopAsync(PostgresShutdown.Fast, CancellationToken.None);
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var app = ServerHost.Build(
            ServerHost.Options(postgres.ConnectionString()),
            builder => builder.Logging.AddProvider(new EventSignal(3011, waiting)));
        await using (app)
        {
            var starting = app.StartAsync();
            await waiting.Task.WaitAsync(Eventually.DefaultBound);
            Assert.False(starting.IsCompleted);
            Assert.All(app.Urls, url => Assert.EndsWith(":0", url, StringComparison.Ordinal));

            await postgres.StartServerAsync(CancellationToken.None);

            await starting.WaitAsync(Eventually.DefaultBound);
            Assert.DoesNotContain(":0", Assert.Single(app.Urls), StringComparison.Ordinal);
            await app.StopAsync();
        }
    }

    [Fact]
    public async Task Connections_above_the_limit_are_closed_and_the_server_goes_on()
    {
        await using var database = await TestDatabase.CreateAsync();
        var options = ServerHost.Options(database.ConnectionString);
        options.MaxConcurrentConnections = 1;
        await using var server = await ServerHost.StartAsync(options);
        Assert.Empty((await server.Migrations.ListMigrationsAsync(new())).Migrations);

        using (var other = GrpcChannel.ForAddress(server.Address))
        {
            var exception = await Assert.ThrowsAsync<RpcException>(
                () => new V1.MigrationService.MigrationServiceClient(other).ListMigrationsAsync(new()).ResponseAsync);
            // What the caller calls it depends on how far it had got.
            Assert.True(exception.Status.DebugException is HttpRequestException or IOException, exception.ToString());
        }

        Assert.Empty((await server.Migrations.ListMigrationsAsync(new())).Migrations);
    }

    [Fact]
    public async Task Two_replicas_start_at_once_on_an_empty_database()
    {
        await using var database = await TestDatabase.CreateAsync();

        var replicas = await Task.WhenAll(
            ServerHost.StartAsync(ServerHost.Options(database.ConnectionString)),
            ServerHost.StartAsync(ServerHost.Options(database.ConnectionString)));

        foreach (var replica in replicas)
        {
            Assert.Empty((await replica.Migrations.ListMigrationsAsync(new())).Migrations);
            await replica.DisposeAsync();
        }
    }

    [Fact]
    public async Task Running_ends_when_it_is_told_to()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var stop = new CancellationTokenSource();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        var running = CoordinatorServer.RunAsync(
            ServerHost.Options(database.ConnectionString),
            builder =>
            {
                builder.Logging.ClearProviders();
                // The first look at the database that went well.
                builder.Logging.AddProvider(new EventSignal(3021, started));
            },
            stop.Token);
        await started.Task.WaitAsync(Eventually.DefaultBound);
        await stop.CancelAsync();

        await running.WaitAsync(Eventually.DefaultBound);
    }

    [Fact]
    public async Task Running_ends_when_it_is_told_to_before_it_has_begun()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var stop = new CancellationTokenSource();

        // Its services start while it is told.
        await CoordinatorServer.RunAsync(
                ServerHost.Options(database.ConnectionString),
                builder => builder.Services.AddHostedService(_ => new Canceller(stop)),
                stop.Token)
            .WaitAsync(Eventually.DefaultBound);
    }

    private sealed class Canceller(CancellationTokenSource stop) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => stop.CancelAsync();

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
