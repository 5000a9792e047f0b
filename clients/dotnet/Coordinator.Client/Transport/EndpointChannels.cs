using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Client.Configuration;
using Microsoft.Extensions.Logging;

namespace Coordinator.Client.Transport;

/// <summary>Makes the channel of an address.</summary>
internal static class EndpointChannels
{
    public static GrpcChannel Create(string address, CoordinatorClientOptions options, ILoggerFactory? loggers)
    {
        var channel = new GrpcChannelOptions
        {
            HttpHandler = CreateHandler(options),
            DisposeHttpClient = true,
            LoggerFactory = loggers,
            // Until gRPC looks again, every call fails with what it saw last; by its own default that may take two minutes.
            InitialReconnectBackoff = TimeSpan.FromMilliseconds(200),
            MaxReconnectBackoff = TimeSpan.FromSeconds(5),
        };
        if (address.StartsWith("dns:", StringComparison.OrdinalIgnoreCase))
        {
            channel.Credentials = options.UseTls ? ChannelCredentials.SecureSsl : ChannelCredentials.Insecure;
            channel.ServiceConfig = new ServiceConfig { LoadBalancingConfigs = { new RoundRobinConfig() } };
        }

        options.ConfigureChannel?.Invoke(channel);
        return GrpcChannel.ForAddress(address, channel);
    }

    /// <summary>
    /// Keep-alive finds out within a minute that the other side of an idle stream has gone without a word; more frequent
    /// pings are refused by some proxies.
    /// </summary>
    private static SocketsHttpHandler CreateHandler(CoordinatorClientOptions options) => new()
    {
        ConnectTimeout = options.ConnectTimeout,
        EnableMultipleHttp2Connections = true,
        KeepAlivePingDelay = TimeSpan.FromSeconds(30),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(20),
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
    };
}
