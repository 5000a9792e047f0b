using Coordinator.Client.Tests.Hosting;
using Coordinator.V1;
using Grpc.Core;

namespace Coordinator.Client.Tests.Transport;

public sealed class FailoverTests
{
    private static readonly StartMigrationRequest Request = new() { Name = "migrations/a", RequestId = "one" };

    [Fact]
    public async Task A_call_goes_on_with_the_next_address_when_nobody_listens_at_the_first()
    {
        var second = new FakeMigrations();
        await using var host = await GrpcHost.StartAsync(second);
        using var client = Clients.For(GrpcHost.NobodysAddress(), host.Address);

        await client.Migrations.StartMigrationAsync(Request);

        Assert.Single(second.RequestIds);
        Assert.Equal(host.Address, client.Calls.Endpoints.Current.Address);
    }

    [Fact]
    public async Task A_call_that_finds_the_service_unavailable_is_repeated_with_the_same_request_id()
    {
        var service = new FakeMigrations
        {
            OnStart = (call, _) => call < 3 ? throw Unavailable() : Task.CompletedTask,
        };
        await using var host = await GrpcHost.StartAsync(service);
        using var client = Clients.For(host.Address);

        await client.Migrations.StartMigrationAsync(Request);

        Assert.Equal(["one", "one", "one"], service.RequestIds);
    }

    [Fact]
    public async Task Attempts_are_bounded_and_the_last_failure_is_told()
    {
        var service = new FakeMigrations { OnStart = (_, _) => throw Unavailable() };
        await using var host = await GrpcHost.StartAsync(service);
        using var client = Clients.For(o => o.MaxAttempts = 3, host.Address);

        var exception = await Assert.ThrowsAsync<CoordinatorException>(
            async () => await client.Migrations.StartMigrationAsync(Request));

        Assert.Equal(StatusCode.Unavailable, exception.StatusCode);
        Assert.Equal("UNAVAILABLE", exception.Reason);
        Assert.Equal(3, service.RequestIds.Count);
    }

    [Fact]
    public async Task Every_address_is_tried_however_few_attempts_are_allowed()
    {
        var service = new FakeMigrations();
        await using var host = await GrpcHost.StartAsync(service);
        using var client = Clients.For(
            o => o.MaxAttempts = 1, GrpcHost.NobodysAddress(), GrpcHost.NobodysAddress(), host.Address);

        await client.Migrations.StartMigrationAsync(Request);

        Assert.Single(service.RequestIds);
    }

    [Fact]
    public async Task A_refusal_is_not_repeated_and_does_not_change_the_address()
    {
        var first = new FakeMigrations { OnStart = (_, _) => throw ServiceErrors.VersionRetired() };
        var second = new FakeMigrations();
        await using var one = await GrpcHost.StartAsync(first);
        await using var two = await GrpcHost.StartAsync(second);
        using var client = Clients.For(one.Address, two.Address);

        var exception = await Assert.ThrowsAsync<CoordinatorException>(
            async () => await client.Migrations.StartMigrationAsync(Request));

        Assert.Equal("VERSION_RETIRED", exception.Reason);
        Assert.Single(first.RequestIds);
        Assert.Empty(second.RequestIds);
        Assert.Equal(one.Address, client.Calls.Endpoints.Current.Address);
    }

    [Fact]
    public async Task A_server_that_is_killed_in_the_middle_of_a_call_is_replaced_by_the_next()
    {
        var arrived = new TaskCompletionSource();
        var first = new FakeMigrations
        {
            OnStart = async (_, context) =>
            {
                arrived.TrySetResult();
                await Forever.UntilCancelledAsync(context.CancellationToken);
            },
        };
        var second = new FakeMigrations();
        await using var one = await GrpcHost.StartAsync(first);
        await using var two = await GrpcHost.StartAsync(second);
        using var client = Clients.For(one.Address, two.Address);

        using var call = client.Migrations.StartMigrationAsync(Request);
        await arrived.Task;
        await one.KillAsync();
        await call;

        Assert.Equal(["one"], second.RequestIds);
    }

    [Fact]
    public async Task A_call_that_is_not_answered_in_time_is_not_repeated_but_the_next_one_goes_elsewhere()
    {
        var first = new FakeMigrations
        {
            OnStart = (_, context) => Forever.UntilCancelledAsync(context.CancellationToken),
        };
        var second = new FakeMigrations();
        await using var one = await GrpcHost.StartAsync(first);
        await using var two = await GrpcHost.StartAsync(second);
        using var client = Clients.For(o => o.CallTimeout = TimeSpan.FromMilliseconds(300), one.Address, two.Address);

        var exception = await Assert.ThrowsAsync<CoordinatorException>(
            async () => await client.Migrations.StartMigrationAsync(Request));
        Assert.Equal("DEADLINE_EXCEEDED", exception.Reason);
        Assert.Empty(second.RequestIds);

        using var call = client.Migrations.StartMigrationAsync(Request, deadline: DateTime.MaxValue);
        await call;
        Assert.Single(second.RequestIds);
    }

    [Fact]
    public async Task The_callers_cancellation_is_a_cancellation()
    {
        using var cancelled = new CancellationTokenSource();
        var service = new FakeMigrations
        {
            OnStart = async (_, context) =>
            {
                await cancelled.CancelAsync();
                await Forever.UntilCancelledAsync(context.CancellationToken);
            },
        };
        await using var host = await GrpcHost.StartAsync(service);
        using var client = Clients.For(host.Address);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await client.Migrations.StartMigrationAsync(Request, cancellationToken: cancelled.Token));

        Assert.Single(service.RequestIds);
    }

    [Fact]
    public async Task The_token_is_sent_with_every_call()
    {
        var service = new FakeMigrations();
        await using var host = await GrpcHost.StartAsync(service);
        using var client = Clients.For(o => o.Token = "secret", host.Address);

        await client.Migrations.StartMigrationAsync(Request);

        Assert.Equal(["Bearer secret"], service.Authorizations);
    }

    [Fact]
    public async Task A_blocking_call_fails_over_too()
    {
        var service = new FakeMigrations();
        await using var host = await GrpcHost.StartAsync(service);
        using var client = Clients.For(GrpcHost.NobodysAddress(), host.Address);

        await Task.Run(() => client.Migrations.StartMigration(Request));

        Assert.Single(service.RequestIds);
    }

    [Fact]
    public async Task A_name_is_resolved_and_used()
    {
        var service = new FakeMigrations();
        await using var host = await GrpcHost.StartAsync(service);
        var port = new Uri(host.Address).Port;
        using var client = Clients.For($"dns:///localhost:{port}");

        await client.Migrations.StartMigrationAsync(Request);

        Assert.Single(service.RequestIds);
    }

    [Fact]
    public void A_service_that_was_away_is_looked_for_every_few_seconds()
    {
        Grpc.Net.Client.GrpcChannelOptions? channel = null;
        using var client = Clients.For(o => o.ConfigureChannel = options => channel = options, GrpcHost.NobodysAddress());

        Assert.NotNull(channel);
        Assert.InRange(channel.InitialReconnectBackoff, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1));
        Assert.InRange(channel.MaxReconnectBackoff!.Value, channel.InitialReconnectBackoff, TimeSpan.FromSeconds(5));
    }

    private static RpcException Unavailable() => new(new Status(StatusCode.Unavailable, "starting"));
}
