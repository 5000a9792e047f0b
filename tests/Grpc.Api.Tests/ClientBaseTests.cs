using Grpc.Core;

namespace Grpc.Api.Tests;

public sealed class ClientBaseTests
{
    [Fact]
    public void A_client_without_an_invoker_refuses_every_call()
    {
        var client = new TestDouble();

        Assert.Throws<NotImplementedException>(() => client.Unary(new ProbeRequest()));
        Assert.Throws<NotImplementedException>(() => client.UnaryAsync(new ProbeRequest()));
        Assert.Throws<NotImplementedException>(() => client.ClientStream());
        Assert.Throws<NotImplementedException>(() => client.ServerStream(new ProbeRequest()));
        Assert.Throws<NotImplementedException>(() => client.Duplex());
    }

    [Fact]
    public void A_client_with_a_host_names_it_in_every_kind_of_call()
    {
        var invoker = new HostJournal();
        var client = new Probe.ProbeClient(invoker);
        var withHost = client.WithHost("other");

        MakeEachKindOfCall(client);
        Assert.Equal(Enumerable.Repeat((string?)null, 5), invoker.Hosts);

        invoker.Hosts.Clear();
        MakeEachKindOfCall(withHost);
        Assert.Equal(Enumerable.Repeat("other", 5), invoker.Hosts);

        invoker.Hosts.Clear();
        MakeEachKindOfCall(withHost.WithHost("third"));
        Assert.Equal(Enumerable.Repeat("third", 5), invoker.Hosts);
    }

    [Fact]
    public void A_client_needs_what_it_is_made_of()
    {
        Assert.Throws<ArgumentNullException>(() => new Probe.ProbeClient((ChannelBase)null!));
        Assert.Throws<ArgumentNullException>(() => new Probe.ProbeClient((CallInvoker)null!));
        Assert.Throws<ArgumentNullException>(() => new Probe.ProbeClient(new HostJournal()).WithHost(null!));
    }

    [Fact]
    public async Task A_channel_has_a_target_and_shuts_down()
    {
        var channel = new NoChannel("here");

        Assert.Equal("here", channel.Target);
        await channel.ShutdownAsync();
        Assert.Throws<ArgumentNullException>(() => new NoChannel(null!));
    }

    private static void MakeEachKindOfCall(Probe.ProbeClient client)
    {
        client.Unary(new ProbeRequest());
        client.UnaryAsync(new ProbeRequest());
        client.ClientStream();
        client.ServerStream(new ProbeRequest());
        client.Duplex();
    }

    private sealed class TestDouble : Probe.ProbeClient;

    private sealed class NoChannel(string target) : ChannelBase(target)
    {
        public override CallInvoker CreateCallInvoker() => new HostJournal();
    }

    private sealed class HostJournal : CallInvoker
    {
        public List<string?> Hosts { get; } = [];

        public override TResponse BlockingUnaryCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
        {
            Hosts.Add(host);
            return null!;
        }

        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
        {
            Hosts.Add(host);
            return null!;
        }

        public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
        {
            Hosts.Add(host);
            return null!;
        }

        public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method, string? host, CallOptions options)
        {
            Hosts.Add(host);
            return null!;
        }

        public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method, string? host, CallOptions options)
        {
            Hosts.Add(host);
            return null!;
        }
    }
}
