using Grpc.Api.Tests.Hosting;
using Grpc.Core;

namespace Grpc.Api.Tests.Calls;

public sealed class MessageSizeTests
{
    private static readonly ProbeRequest Large = new() { Text = new string('x', 1_000) };

    [Fact]
    public async Task A_request_above_the_limit_of_the_server_is_refused()
    {
        await using var host = await ProbeHost.StartAsync(serviceOptions: o => o.MaxReceiveMessageSize = 100);

        await AssertRefusedAsync(host);
    }

    [Fact]
    public async Task A_response_above_the_limit_of_the_server_is_refused()
    {
        await using var host = await ProbeHost.StartAsync(serviceOptions: o => o.MaxSendMessageSize = 100);

        await AssertRefusedAsync(host);
    }

    [Fact]
    public async Task A_request_above_the_limit_of_the_client_is_refused()
    {
        await using var host = await ProbeHost.StartAsync(channelOptions: o => o.MaxSendMessageSize = 100);

        await AssertRefusedAsync(host);
    }

    [Fact]
    public async Task A_response_above_the_limit_of_the_client_is_refused()
    {
        await using var host = await ProbeHost.StartAsync(channelOptions: o => o.MaxReceiveMessageSize = 100);

        await AssertRefusedAsync(host);
    }

    private static async Task AssertRefusedAsync(ProbeHost host)
    {
        var thrown = await Assert.ThrowsAsync<RpcException>(
            () => host.Client.UnaryAsync(Large).ResponseAsync.InTimeAsync());

        Assert.Equal(StatusCode.ResourceExhausted, thrown.StatusCode);
        Assert.Equal("small", (await host.Client.UnaryAsync(new ProbeRequest { Text = "small" })).Text);
    }
}
