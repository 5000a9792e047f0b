using Grpc.Api.Tests.Hosting;
using Grpc.Core;

namespace Grpc.Api.Tests.Calls;

public sealed class DeadlineAndCancellationTests
{
    private static DateTime Soon => TimeProvider.System.GetUtcNow().UtcDateTime.AddMilliseconds(200);

    [Fact]
    public async Task A_deadline_that_passes_ends_the_call_on_both_sides()
    {
        var serverCancelled = new TaskCompletionSource<DateTime>();
        await using var host = await ProbeHost.StartAsync(new ProbeBehaviour
        {
            Unary = async (_, context) =>
            {
                if (context.Deadline == DateTime.MaxValue)
                {
                    return new ProbeReply();
                }

                await context.CancellationToken.CancelledAsync();
                serverCancelled.SetResult(context.Deadline);
                return new ProbeReply();
            },
        });

        // The connection is there and the code compiled: the call reaches the server well before its deadline.
        await host.Client.UnaryAsync(new ProbeRequest()).ResponseAsync.InTimeAsync();
        var deadline = Soon + TimeSpan.FromSeconds(1);
        var options = new CallOptions().WithDeadline(deadline);
        var thrown = await Assert.ThrowsAsync<RpcException>(
            () => host.Client.UnaryAsync(new ProbeRequest(), options).ResponseAsync.InTimeAsync());

        Assert.Equal(StatusCode.DeadlineExceeded, thrown.StatusCode);
        var seenByServer = await serverCancelled.Task.InTimeAsync();
        Assert.Equal(deadline, seenByServer, TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task The_server_itself_answers_that_the_deadline_passed()
    {
        await using var host = await ProbeHost.StartAsync(new ProbeBehaviour
        {
            Unary = async (_, context) =>
            {
                await context.CancellationToken.CancelledAsync();
                return new ProbeReply();
            },
        });

        var (_, response) = await RawCall.SendAsync(host.Address, new ProbeRequest(), ("grpc-timeout", "50m"));

        var status = response.TrailingHeaders.TryGetValues("grpc-status", out var trailing)
            ? trailing
            : response.Headers.GetValues("grpc-status");
        Assert.Equal("4", status.Single());
    }

    [Fact]
    public async Task A_deadline_ends_a_stream_that_is_being_read()
    {
        await using var host = await ProbeHost.StartAsync(new ProbeBehaviour
        {
            ServerStream = async (_, responses, context) =>
            {
                await responses.WriteAsync(new ProbeReply());
                await context.CancellationToken.CancelledAsync();
            },
        });

        using var call = host.Client.ServerStream(new ProbeRequest(), deadline: Soon);
        var thrown = await Assert.ThrowsAsync<RpcException>(
            () => call.ResponseStream.ReadAllAsync().ToListAsync().AsTask().InTimeAsync());

        Assert.Equal(StatusCode.DeadlineExceeded, thrown.StatusCode);
    }

    [Fact]
    public async Task Cancelling_the_token_cancels_the_call_on_both_sides()
    {
        var entered = new TaskCompletionSource();
        var serverCancelled = new TaskCompletionSource();
        await using var host = await ProbeHost.StartAsync(WaitsForCancellation(entered, serverCancelled));
        using var source = new CancellationTokenSource();

        var call = host.Client.UnaryAsync(new ProbeRequest(), cancellationToken: source.Token);
        await entered.Task.InTimeAsync();
        await source.CancelAsync();

        var thrown = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync.InTimeAsync());
        Assert.Equal(StatusCode.Cancelled, thrown.StatusCode);
        await serverCancelled.Task.InTimeAsync();
    }

    [Fact]
    public async Task Disposing_a_call_that_runs_cancels_it()
    {
        var entered = new TaskCompletionSource();
        var serverCancelled = new TaskCompletionSource();
        await using var host = await ProbeHost.StartAsync(WaitsForCancellation(entered, serverCancelled));

        var call = host.Client.UnaryAsync(new ProbeRequest());
        await entered.Task.InTimeAsync();
        call.Dispose();

        await serverCancelled.Task.InTimeAsync();
        Assert.Equal(StatusCode.Cancelled, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task A_channel_can_throw_the_exception_of_dotnet_for_a_cancelled_call()
    {
        var entered = new TaskCompletionSource();
        var serverCancelled = new TaskCompletionSource();
        await using var host = await ProbeHost.StartAsync(
            WaitsForCancellation(entered, serverCancelled),
            channelOptions: options => options.ThrowOperationCanceledOnCancellation = true);
        using var source = new CancellationTokenSource();

        var call = host.Client.UnaryAsync(new ProbeRequest(), cancellationToken: source.Token);
        await entered.Task.InTimeAsync();
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.ResponseAsync.InTimeAsync());
    }

    [Fact]
    public async Task Cancelling_a_read_ends_a_stream()
    {
        await using var host = await ProbeHost.StartAsync(new ProbeBehaviour
        {
            ServerStream = async (_, responses, context) =>
            {
                await responses.WriteAsync(new ProbeReply());
                await context.CancellationToken.CancelledAsync();
            },
        });
        using var source = new CancellationTokenSource();

        using var call = host.Client.ServerStream(new ProbeRequest());
        var thrown = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            await foreach (var _ in call.ResponseStream.ReadAllAsync(source.Token))
            {
                await source.CancelAsync();
            }
        });

        Assert.Equal(StatusCode.Cancelled, thrown.StatusCode);
    }

    private static ProbeBehaviour WaitsForCancellation(TaskCompletionSource entered, TaskCompletionSource cancelled) =>
        new()
        {
            Unary = async (_, context) =>
            {
                entered.SetResult();
                await context.CancellationToken.CancelledAsync();
                cancelled.SetResult();
                return new ProbeReply();
            },
        };
}
