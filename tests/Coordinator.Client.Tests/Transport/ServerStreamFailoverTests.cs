using Coordinator.Client.Tests.Hosting;
using Coordinator.V1;

namespace Coordinator.Client.Tests.Transport;

public sealed class ServerStreamFailoverTests
{
    [Fact]
    public async Task A_stream_that_fails_before_its_first_message_is_opened_elsewhere()
    {
        await using var host = await GrpcHost.StartAsync(new FakeMigrations());
        using var client = Clients.For(GrpcHost.NobodysAddress(), host.Address);

        using var call = client.Migrations.WatchMigration(new WatchMigrationRequest());

        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None));
    }

    [Fact]
    public async Task A_stream_that_fails_later_is_its_owners_to_open_again_and_then_goes_elsewhere()
    {
        var sent = new TaskCompletionSource();
        var first = new FakeMigrations
        {
            OnWatch = async (stream, context) =>
            {
                await stream.WriteAsync(new WatchMigrationResponse());
                sent.SetResult();
                await Forever.UntilCancelledAsync(context.CancellationToken);
            },
        };
        await using var one = await GrpcHost.StartAsync(first);
        await using var two = await GrpcHost.StartAsync(new FakeMigrations());
        using var client = Clients.For(one.Address, two.Address);

        using var call = client.Migrations.WatchMigration(new WatchMigrationRequest());
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        await sent.Task;
        await one.KillAsync();

        await Assert.ThrowsAsync<CoordinatorException>(() => call.ResponseStream.MoveNext(CancellationToken.None));
        using var again = client.Migrations.WatchMigration(new WatchMigrationRequest());
        Assert.True(await again.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(two.Address, client.Calls.Endpoints.Current.Address);
    }
}
