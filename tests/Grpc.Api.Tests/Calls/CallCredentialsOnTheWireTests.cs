using Grpc.Api.Tests.Hosting;
using Grpc.Core;

namespace Grpc.Api.Tests.Calls;

public sealed class CallCredentialsOnTheWireTests
{
    private static readonly CallCredentials Bearer = CallCredentials.FromInterceptor((_, metadata) =>
    {
        metadata.Add("Authorization", "Bearer token");
        return Task.CompletedTask;
    });

    [Fact]
    public async Task Credentials_of_a_call_add_headers_where_the_channel_allows_it()
    {
        await using var host = await ProbeHost.StartAsync(
            AnswersAuthorization(), channelOptions: options => options.UnsafeUseInsecureChannelCallCredentials = true);

        var reply = await host.Client.UnaryAsync(new ProbeRequest(), new CallOptions(credentials: Bearer));

        Assert.Equal("Bearer token", reply.Text);
    }

    [Fact]
    public async Task Credentials_of_a_call_are_not_sent_over_an_insecure_channel()
    {
        await using var host = await ProbeHost.StartAsync(AnswersAuthorization());

        var reply = await host.Client.UnaryAsync(new ProbeRequest(), new CallOptions(credentials: Bearer));

        Assert.Equal("none", reply.Text);
    }

    [Fact]
    public async Task Credentials_of_the_channel_apply_to_every_call()
    {
        await using var host = await ProbeHost.StartAsync(AnswersAuthorization());
        using var channel = host.OpenChannel(options =>
        {
            options.UnsafeUseInsecureChannelCallCredentials = true;
            options.Credentials = ChannelCredentials.Create(ChannelCredentials.Insecure, Bearer);
        });
        var client = new Probe.ProbeClient(channel);

        Assert.Equal("Bearer token", (await client.UnaryAsync(new ProbeRequest())).Text);
        Assert.Equal("Bearer token", (await client.UnaryAsync(new ProbeRequest())).Text);
    }

    [Fact]
    public async Task An_insecure_channel_refuses_credentials_for_its_calls()
    {
        await using var host = await ProbeHost.StartAsync();

        Assert.Throws<InvalidOperationException>(() => host.OpenChannel(options =>
            options.Credentials = ChannelCredentials.Create(ChannelCredentials.Insecure, Bearer)));
    }

    [Fact]
    public async Task Composed_credentials_apply_in_their_order_and_know_the_call()
    {
        List<string> journal = [];
        CallCredentials Recorded(string name) => CallCredentials.FromInterceptor((context, _) =>
        {
            journal.Add($"{name} {new Uri(context.ServiceUrl).AbsolutePath} {context.MethodName}");
            return Task.CompletedTask;
        });
        await using var host = await ProbeHost.StartAsync(
            channelOptions: options => options.UnsafeUseInsecureChannelCallCredentials = true);

        var credentials = CallCredentials.Compose(Recorded("first"), Recorded("second"));
        await host.Client.UnaryAsync(new ProbeRequest(), new CallOptions(credentials: credentials));

        Assert.Equal(
            ["first /grpc.api.tests.Probe Unary", "second /grpc.api.tests.Probe Unary"],
            journal);
    }

    private static ProbeBehaviour AnswersAuthorization() => new()
    {
        Unary = (_, context) => Task.FromResult(
            new ProbeReply { Text = context.RequestHeaders.GetValue("authorization") ?? "none" }),
    };
}
