using System.Collections.Concurrent;
using Grpc.Api.Tests.Hosting;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Builder;

namespace Grpc.Api.Tests.Interceptors;

public sealed class ServerInterceptorTests
{
    private static readonly string[] EachKind =
    [
        "unary /grpc.api.tests.Probe/Unary",
        "client streaming /grpc.api.tests.Probe/ClientStream",
        "server streaming /grpc.api.tests.Probe/ServerStream",
        "duplex streaming /grpc.api.tests.Probe/Duplex",
    ];

    private readonly ConcurrentQueue<string> _journal = new();

    [Fact]
    public async Task Interceptors_of_the_server_see_every_kind_of_call_in_the_order_of_registration()
    {
        await using var host = await ProbeHost.StartAsync(serviceOptions: options =>
        {
            options.Interceptors.Add<RecordingInterceptor>("a", _journal);
            options.Interceptors.Add<RecordingInterceptor>("b", _journal);
        });

        await ProbeCalls.OfEachKindAsync(host.Client);

        Assert.Equal(EachKind.SelectMany(kind => (string[])[$"a: {kind}", $"b: {kind}"]), _journal);
    }

    [Fact]
    public async Task Interceptors_of_a_service_definition_see_every_kind_of_call()
    {
        var definition = Probe.BindService(new ProbeService(new ProbeBehaviour()))
            .Intercept(Recorder("inner"))
            .Intercept(Recorder("a"), Recorder("b"));
        await using var host = await ProbeHost.StartAsync(map: app => app.MapGrpcService(definition));

        await ProbeCalls.OfEachKindAsync(host.Client);

        Assert.Equal(
            EachKind.SelectMany(kind => (string[])[$"a: {kind}", $"b: {kind}", $"inner: {kind}"]),
            _journal);
    }

    [Fact]
    public async Task An_interceptor_can_refuse_a_call_and_share_state_with_the_service()
    {
        await using var host = await ProbeHost.StartAsync(
            new ProbeBehaviour
            {
                Unary = (_, context) => Task.FromResult(new ProbeReply { Text = (string)context.UserState["tenant"] }),
            },
            options => options.Interceptors.Add<TenantGuard>());

        var reply = await host.Client.UnaryAsync(new ProbeRequest(), new Metadata { { "tenant", "blue" } });
        var thrown = await Assert.ThrowsAsync<RpcException>(
            () => host.Client.UnaryAsync(new ProbeRequest()).ResponseAsync);

        Assert.Equal("blue", reply.Text);
        Assert.Equal(StatusCode.Unauthenticated, thrown.StatusCode);
    }

    private RecordingInterceptor Recorder(string name) => new(name, _journal);

    private sealed class TenantGuard : Interceptor
    {
        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            context.UserState["tenant"] = context.RequestHeaders.GetValue("tenant")
                ?? throw new RpcException(new Status(StatusCode.Unauthenticated, "no tenant"));
            return continuation(request, context);
        }
    }
}
