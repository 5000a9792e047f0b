using Coordinator.Server.Tests.Hosting;
using Grpc.Core;

namespace Coordinator.Server.Tests.Errors;

/// <summary>Errors that gRPC itself answers with: they carry details like all others.</summary>
public sealed class TransportErrorTests(ShopFixture shop) : IClassFixture<ShopFixture>
{
    private static readonly Marshaller<byte[]> Raw = Marshallers.Create(bytes => bytes, bytes => bytes);

    [Theory]
    [InlineData(2)]
    [InlineData(100)]
    public async Task A_message_that_is_too_large_is_refused_with_the_limit(int megabytes)
    {
        var state = await shop.StateAsync();

        var refusal = await Refusal.OfAsync(shop.Server.Migrations.PlanMigrationAsync(
            new() { Yaml = new string('x', megabytes * 1024 * 1024) }));

        Assert.Equal((StatusCode.ResourceExhausted, "MESSAGE_TOO_LARGE"), (refusal.Code, refusal.Reason));
        Assert.Contains("1048576", refusal.Text, StringComparison.Ordinal);
        Assert.Equal(state, await shop.StateAsync());
        Assert.NotNull(await shop.Server.Migrations.ListMigrationsAsync(new()));
    }

    [Theory]
    [InlineData("coordinator.v1.MigrationService", "NoSuchMethod")]
    [InlineData("coordinator.v9.NoSuchService", "Get")]
    public async Task A_method_that_does_not_exist_is_unimplemented(string service, string method)
    {
        var call = shop.Server.Channel.CreateCallInvoker().AsyncUnaryCall(
            new Method<byte[], byte[]>(MethodType.Unary, service, method, Raw, Raw), null, new CallOptions(), []);

        var refusal = await Refusal.OfAsync(call);

        Assert.Equal((StatusCode.Unimplemented, "METHOD_UNKNOWN"), (refusal.Code, refusal.Reason));
    }

    [Fact]
    public async Task A_deadline_ends_a_watch_on_the_server_too()
    {
        // Long enough for the first answer on a machine that does other things too.
        using var watch = shop.Server.Health.Watch(new(), deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(3));
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));

        var exception = await Assert.ThrowsAsync<RpcException>(() => watch.ResponseStream.MoveNext(CancellationToken.None));

        Assert.Equal(StatusCode.DeadlineExceeded, exception.StatusCode);
    }
}
