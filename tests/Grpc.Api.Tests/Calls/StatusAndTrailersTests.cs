using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Api.Tests.Hosting;
using Grpc.Core;
using Status = Grpc.Core.Status;

namespace Grpc.Api.Tests.Calls;

public sealed class StatusAndTrailersTests
{
    private const string StatusDetailsKey = "grpc-status-details-bin";

    [Fact]
    public async Task Response_headers_arrive_before_the_answer()
    {
        var release = new TaskCompletionSource<ProbeReply>();
        await using var host = await ProbeHost.StartAsync(new ProbeBehaviour
        {
            Unary = async (_, context) =>
            {
                await context.WriteResponseHeadersAsync(new Metadata { { "early", "yes" } });
                return await release.Task;
            },
        });

        using var call = host.Client.UnaryAsync(new ProbeRequest());
        var headers = await call.ResponseHeadersAsync.InTimeAsync();

        Assert.Equal("yes", headers.GetValue("early"));
        Assert.False(call.ResponseAsync.IsCompleted);
        release.SetResult(new ProbeReply());
        await call;
    }

    [Fact]
    public async Task Text_and_binary_trailers_arrive_with_the_end()
    {
        byte[] bytes = [0, 255, 10, 13];
        await using var host = await ProbeHost.StartAsync(new ProbeBehaviour
        {
            Unary = (_, context) =>
            {
                context.ResponseTrailers.Add("text", "one");
                context.ResponseTrailers.Add("text", "two");
                context.ResponseTrailers.Add("bytes-bin", bytes);
                return Task.FromResult(new ProbeReply());
            },
        });

        using var call = host.Client.UnaryAsync(new ProbeRequest());
        await call;

        var trailers = call.GetTrailers();
        Assert.Equal(["one", "two"], trailers.GetAll("text").Select(entry => entry.Value));
        Assert.Equal(bytes, trailers.GetValueBytes("bytes-bin"));
    }

    [Fact]
    public async Task Binary_request_headers_arrive_unchanged()
    {
        byte[] bytes = [1, 2, 254, 0];
        byte[]? received = null;
        await using var host = await ProbeHost.StartAsync(new ProbeBehaviour
        {
            Unary = (_, context) =>
            {
                received = context.RequestHeaders.GetValueBytes("token-bin");
                return Task.FromResult(new ProbeReply());
            },
        });

        await host.Client.UnaryAsync(new ProbeRequest(), new Metadata { { "token-bin", bytes } });

        Assert.Equal(bytes, received);
    }

    [Fact]
    public async Task A_status_that_the_service_throws_arrives_with_its_trailers()
    {
        await using var host = await ProbeHost.StartAsync(new ProbeBehaviour
        {
            Unary = (_, _) => throw new RpcException(
                new Status(StatusCode.NotFound, "no such probe"), new Metadata { { "hint", "look elsewhere" } }),
        });

        var thrown = await Assert.ThrowsAsync<RpcException>(
            () => host.Client.UnaryAsync(new ProbeRequest()).ResponseAsync);

        Assert.Equal(StatusCode.NotFound, thrown.StatusCode);
        Assert.Equal("no such probe", thrown.Status.Detail);
        Assert.Equal("look elsewhere", thrown.Trailers.GetValue("hint"));
        Assert.Equal("Status(StatusCode=\"NotFound\", Detail=\"no such probe\")", thrown.Message);
    }

    [Fact]
    public async Task A_status_that_the_service_sets_ends_a_stream()
    {
        await using var host = await ProbeHost.StartAsync(new ProbeBehaviour
        {
            ServerStream = async (_, responses, context) =>
            {
                await responses.WriteAsync(new ProbeReply { Text = "only" });
                context.Status = new Status(StatusCode.Aborted, "enough");
            },
        });

        using var call = host.Client.ServerStream(new ProbeRequest());
        Assert.True(await call.ResponseStream.MoveNext().InTimeAsync());
        var thrown = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext().InTimeAsync());

        Assert.Equal(StatusCode.Aborted, thrown.StatusCode);
        Assert.Equal("enough", call.GetStatus().Detail);
    }

    [Fact]
    public async Task Another_exception_of_the_service_is_unknown_to_the_client()
    {
        await using var host = await ProbeHost.StartAsync(new ProbeBehaviour
        {
            Unary = (_, _) => throw new InvalidOperationException("secret"),
        });

        var thrown = await Assert.ThrowsAsync<RpcException>(
            () => host.Client.UnaryAsync(new ProbeRequest()).ResponseAsync);

        Assert.Equal(StatusCode.Unknown, thrown.StatusCode);
        Assert.DoesNotContain("secret", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rich_details_of_an_error_arrive_as_a_binary_trailer()
    {
        var details = new RichStatus
        {
            Code = (int)StatusCode.InvalidArgument,
            Message = "wrong",
            Details = { Any.Pack(new WrongField { Name = "text" }) },
        };
        await using var host = await ProbeHost.StartAsync(new ProbeBehaviour
        {
            Unary = (_, _) => throw new RpcException(
                new Status(StatusCode.InvalidArgument, "wrong"),
                new Metadata { { StatusDetailsKey, details.ToByteArray() } }),
        });

        var thrown = await Assert.ThrowsAsync<RpcException>(
            () => host.Client.UnaryAsync(new ProbeRequest()).ResponseAsync);

        var received = RichStatus.Parser.ParseFrom(thrown.Trailers.GetValueBytes(StatusDetailsKey));
        Assert.Equal(details, received);
        Assert.Equal("text", received.Details.Single().Unpack<WrongField>().Name);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_unavailable_and_the_cause_is_kept()
    {
        var host = await ProbeHost.StartAsync();
        var address = host.Address;
        await host.DisposeAsync();

        using var channel = Net.Client.GrpcChannel.ForAddress(address);
        var client = new Probe.ProbeClient(channel);
        var thrown = await Assert.ThrowsAsync<RpcException>(() => client.UnaryAsync(new ProbeRequest()).ResponseAsync);

        Assert.Equal(StatusCode.Unavailable, thrown.StatusCode);
        Assert.NotNull(thrown.Status.DebugException);
        Assert.Same(thrown.Status.DebugException, thrown.InnerException);
        Assert.Contains("DebugException=\"", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_method_that_the_service_does_not_have_is_unimplemented()
    {
        await using var host = await ProbeHost.StartAsync(map: _ => { });

        var thrown = await Assert.ThrowsAsync<RpcException>(
            () => host.Client.UnaryAsync(new ProbeRequest()).ResponseAsync);

        Assert.Equal(StatusCode.Unimplemented, thrown.StatusCode);
    }
}
