using System.Collections.Concurrent;
using Grpc.Api.Tests.Hosting;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Grpc.Api.Tests.Interceptors;

public sealed class ClientInterceptorTests
{
    private readonly ConcurrentQueue<string> _journal = new();

    [Fact]
    public async Task Every_kind_of_call_goes_through_an_interceptor()
    {
        await using var host = await ProbeHost.StartAsync();
        var client = new Probe.ProbeClient(host.Channel.Intercept(Recorder("i")));

        await ProbeCalls.OfEachKindAsync(client);
        await Task.Run(() => client.Unary(new ProbeRequest())).InTimeAsync();

        Assert.Equal(
            [
                "i: unary Unary",
                "i: client streaming ClientStream",
                "i: server streaming ServerStream",
                "i: duplex streaming Duplex",
                "i: blocking unary Unary",
            ],
            _journal);
    }

    [Fact]
    public async Task Of_two_registrations_the_last_one_runs_first()
    {
        await using var host = await ProbeHost.StartAsync();
        var client = new Probe.ProbeClient(host.Channel.Intercept(Recorder("first")).Intercept(Recorder("last")));

        await client.UnaryAsync(new ProbeRequest());

        Assert.Equal(["last: unary Unary", "first: unary Unary"], _journal);
    }

    [Fact]
    public async Task Interceptors_of_one_registration_run_in_their_order()
    {
        await using var host = await ProbeHost.StartAsync();
        var client = new Probe.ProbeClient(host.Channel.Intercept(Recorder("a"), Recorder("b"), Recorder("c")));

        await client.UnaryAsync(new ProbeRequest());

        Assert.Equal(["a: unary Unary", "b: unary Unary", "c: unary Unary"], _journal);
    }

    [Fact]
    public async Task A_function_over_the_headers_applies_to_every_kind_of_call()
    {
        await using var host = await ProbeHost.StartAsync(serviceOptions: options =>
            options.Interceptors.Add<HeaderJournal>(_journal));
        var client = new Probe.ProbeClient(host.Channel.Intercept(headers =>
        {
            headers.Add("tenant", "blue");
            return headers;
        }));

        await ProbeCalls.OfEachKindAsync(client);
        await Task.Run(() => client.Unary(new ProbeRequest(), new Metadata { { "tenant", "green" } })).InTimeAsync();

        // HttpClient sends the two values of one name as one line.
        Assert.Equal(["blue", "blue", "blue", "blue", "green, blue"], _journal);
    }

    [Fact]
    public async Task An_interceptor_can_answer_itself_and_change_the_options()
    {
        await using var host = await ProbeHost.StartAsync();
        var client = new Probe.ProbeClient(host.Channel.Intercept(new ShortCircuit()));

        using var call = client.UnaryAsync(new ProbeRequest());

        Assert.Equal("from the interceptor", (await call).Text);
        Assert.Equal("h", (await call.ResponseHeadersAsync).GetValue("kind"));
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
        Assert.Equal("t", call.GetTrailers().GetValue("kind"));
    }

    [Fact]
    public async Task Nothing_can_be_intercepted_by_nothing()
    {
        await using var host = await ProbeHost.StartAsync();
        var invoker = host.Channel.CreateCallInvoker();

        Assert.Throws<ArgumentNullException>(() => host.Channel.Intercept((Interceptor)null!));
        Assert.Throws<ArgumentNullException>(() => invoker.Intercept((Interceptor[])null!));
        Assert.Throws<ArgumentNullException>(() => invoker.Intercept((Func<Metadata, Metadata>)null!));
        Assert.Throws<ArgumentNullException>(() => ((CallInvoker)null!).Intercept(Recorder("i")));
        Assert.Same(invoker, invoker.Intercept());
    }

    private RecordingInterceptor Recorder(string name) => new(name, _journal);

    private sealed class ShortCircuit : Interceptor
    {
        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request,
            ClientInterceptorContext<TRequest, TResponse> context,
            AsyncUnaryCallContinuation<TRequest, TResponse> continuation) =>
            new(
                Task.FromResult((TResponse)(object)new ProbeReply { Text = "from the interceptor" }),
                Task.FromResult(new Metadata { { "kind", "h" } }),
                () => Status.DefaultSuccess,
                () => new Metadata { { "kind", "t" } },
                () => { });
    }
}
