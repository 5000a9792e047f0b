using Grpc.Api.Tests.Hosting;
using Grpc.Core;

namespace Grpc.Api.Tests.Calls;

public sealed class CallTests
{
    [Fact]
    public async Task A_unary_call_is_answered()
    {
        await using var host = await ProbeHost.StartAsync();

        var reply = await host.Client.UnaryAsync(new ProbeRequest { Text = "hello" });

        Assert.Equal("hello", reply.Text);
    }

    [Fact]
    public async Task A_blocking_unary_call_is_answered()
    {
        await using var host = await ProbeHost.StartAsync();

        var reply = await Task.Run(() => host.Client.Unary(new ProbeRequest { Text = "hello" })).InTimeAsync();

        Assert.Equal("hello", reply.Text);
    }

    [Fact]
    public async Task A_stream_of_requests_is_answered_once()
    {
        await using var host = await ProbeHost.StartAsync();

        using var call = host.Client.ClientStream();
        await call.RequestStream.WriteAsync(new ProbeRequest { Text = "a" });
        await call.RequestStream.WriteAsync(new ProbeRequest { Text = "b" }, CancellationToken.None);
        await call.RequestStream.CompleteAsync();

        Assert.Equal("a,b", (await call).Text);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task A_stream_of_responses_is_read_to_its_end()
    {
        await using var host = await ProbeHost.StartAsync();

        using var call = host.Client.ServerStream(new ProbeRequest { Text = "r", Count = 3 });
        var texts = await call.ResponseStream.ReadAllAsync().Select(reply => reply.Text).ToListAsync();

        Assert.Equal(["r0", "r1", "r2"], texts);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
        Assert.False(await call.ResponseStream.MoveNext());
    }

    [Fact]
    public async Task Both_streams_of_a_duplex_call_run_at_once()
    {
        await using var host = await ProbeHost.StartAsync();

        using var call = host.Client.Duplex();
        foreach (var text in (string[])["a", "b", "c"])
        {
            await call.RequestStream.WriteAsync(new ProbeRequest { Text = text });
            Assert.True(await call.ResponseStream.MoveNext().InTimeAsync());
            Assert.Equal(text, call.ResponseStream.Current.Text);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext().InTimeAsync());
    }

    [Fact]
    public async Task The_server_sees_what_the_client_called()
    {
        ServerCallContext? seen = null;
        await using var host = await ProbeHost.StartAsync(new ProbeBehaviour
        {
            Unary = (_, context) =>
            {
                seen = context;
                Assert.Equal("/grpc.api.tests.Probe/Unary", context.Method);
                Assert.StartsWith("127.0.0.1:", context.Host, StringComparison.Ordinal);
                Assert.StartsWith("ipv4:127.0.0.1:", context.Peer, StringComparison.Ordinal);
                Assert.Equal(DateTime.MaxValue, context.Deadline);
                Assert.Equal("value", context.RequestHeaders.GetValue("My-Header"));
                Assert.False(context.AuthContext.IsPeerAuthenticated);
                return Task.FromResult(new ProbeReply());
            },
        });

        await host.Client.UnaryAsync(new ProbeRequest(), new Metadata { { "my-header", "value" } });

        Assert.NotNull(seen);
    }

    [Fact]
    public async Task The_status_of_a_call_that_runs_is_refused()
    {
        var release = new TaskCompletionSource<ProbeReply>();
        await using var host = await ProbeHost.StartAsync(new ProbeBehaviour { Unary = (_, _) => release.Task });

        using var call = host.Client.UnaryAsync(new ProbeRequest());

        Assert.Throws<InvalidOperationException>(() => call.GetStatus());
        Assert.Throws<InvalidOperationException>(() => call.GetTrailers());
        release.SetResult(new ProbeReply());
        await call.ConfigureAwait(false);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }
}
