using Grpc.Core;

namespace Grpc.Api.Tests;

public sealed class CredentialsTests
{
    private static readonly AsyncAuthInterceptor Interceptor = (_, _) => Task.CompletedTask;

    private static readonly object State = new();

    [Fact]
    public void Credentials_from_an_interceptor_are_that_interceptor()
    {
        var configurator = new CallConfigurator();

        CallCredentials.FromInterceptor(Interceptor).InternalPopulateConfiguration(configurator, State);

        Assert.Same(Interceptor, configurator.Interceptor);
    }

    [Fact]
    public void Composed_call_credentials_keep_their_order()
    {
        var first = CallCredentials.FromInterceptor(Interceptor);
        var second = CallCredentials.FromInterceptor(Interceptor);
        var configurator = new CallConfigurator();

        CallCredentials.Compose(first, second).InternalPopulateConfiguration(configurator, State);

        Assert.Equal([first, second], configurator.Composed);
    }

    [Fact]
    public void Fewer_than_two_call_credentials_cannot_be_composed()
    {
        var one = CallCredentials.FromInterceptor(Interceptor);

        Assert.Throws<ArgumentException>(() => CallCredentials.Compose());
        Assert.Throws<ArgumentException>(() => CallCredentials.Compose(one));
        Assert.Throws<ArgumentException>(() => CallCredentials.Compose(one, null!));
        Assert.Throws<ArgumentNullException>(() => CallCredentials.Compose(null!));
        Assert.Throws<ArgumentNullException>(() => CallCredentials.FromInterceptor(null!));
    }

    [Fact]
    public void Insecure_and_SSL_credentials_say_what_they_are()
    {
        Assert.Equal("insecure", Described(ChannelCredentials.Insecure));
        Assert.Equal("ssl roots= pair= verify=False", Described(ChannelCredentials.SecureSsl));
        Assert.Equal("ssl roots= pair= verify=False", Described(new SslCredentials()));
        Assert.Equal("ssl roots=pem pair= verify=False", Described(new SslCredentials("pem")));
        Assert.Equal(
            "ssl roots=pem pair=chain/key verify=True",
            Described(new SslCredentials("pem", new KeyCertificatePair("chain", "key"), _ => true)));
    }

    [Fact]
    public void Channel_credentials_compose_with_call_credentials()
    {
        var call = CallCredentials.FromInterceptor(Interceptor);

        Assert.Equal(
            "composite of ssl roots= pair= verify=False",
            Described(ChannelCredentials.Create(new SslCredentials(), call)));
        Assert.Equal("composite of insecure", Described(ChannelCredentials.Create(ChannelCredentials.Insecure, call)));
    }

    [Fact]
    public void Composed_channel_credentials_cannot_be_composed_again()
    {
        var call = CallCredentials.FromInterceptor(Interceptor);
        var composed = ChannelCredentials.Create(new SslCredentials(), call);

        var thrown = Assert.Throws<ArgumentException>(() => ChannelCredentials.Create(composed, call));

        Assert.Contains("can't be composed with CompositeChannelCredentials", thrown.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() => ChannelCredentials.Create(null!, call));
        Assert.Throws<ArgumentNullException>(() => ChannelCredentials.Create(new SslCredentials(), null!));
    }

    [Fact]
    public void A_key_and_its_certificate_come_together()
    {
        Assert.Throws<ArgumentNullException>(() => new KeyCertificatePair(null!, "key"));
        Assert.Throws<ArgumentNullException>(() => new KeyCertificatePair("chain", null!));
    }

    private static string Described(ChannelCredentials credentials)
    {
        var configurator = new ChannelConfigurator();
        credentials.InternalPopulateConfiguration(configurator, State);
        return configurator.Description;
    }

    private sealed class CallConfigurator : CallCredentialsConfiguratorBase
    {
        public AsyncAuthInterceptor? Interceptor { get; private set; }

        public IReadOnlyList<CallCredentials> Composed { get; private set; } = [];

        public override void SetCompositeCredentials(object? state, IReadOnlyList<CallCredentials> credentials)
        {
            Assert.Same(State, state);
            Composed = credentials;
        }

        public override void SetAsyncAuthInterceptorCredentials(object? state, AsyncAuthInterceptor interceptor)
        {
            Assert.Same(State, state);
            Interceptor = interceptor;
        }
    }

    private sealed class ChannelConfigurator : ChannelCredentialsConfiguratorBase
    {
        public string Description { get; private set; } = "";

        public override void SetInsecureCredentials(object? state)
        {
            Assert.Same(State, state);
            Description = "insecure";
        }

        public override void SetSslCredentials(
            object? state,
            string? rootCertificates,
            KeyCertificatePair? keyCertificatePair,
            VerifyPeerCallback? verifyPeerCallback)
        {
            Assert.Same(State, state);
            var pair = keyCertificatePair is null
                ? ""
                : $"{keyCertificatePair.CertificateChain}/{keyCertificatePair.PrivateKey}";
            Description = $"ssl roots={rootCertificates} pair={pair} verify={verifyPeerCallback is not null}";
        }

        public override void SetCompositeCredentials(
            object? state, ChannelCredentials channelCredentials, CallCredentials callCredentials)
        {
            Assert.Same(State, state);
            Description = $"composite of {Described(channelCredentials)}";
        }
    }
}
