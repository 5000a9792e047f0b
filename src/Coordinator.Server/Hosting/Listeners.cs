using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Coordinator.Server.Configuration;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Coordinator.Server.Hosting;

/// <summary>Kestrel as the options say: where it listens, with which protocol, and what it endures.</summary>
internal static class Listeners
{
    // One client program runs many sessions and watches over one connection.
    public const int MaxStreamsPerConnection = 1000;

    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    public static void Configure(KestrelServerOptions kestrel, CoordinatorServerOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = ConnectionLimit(options);
        // gRPC has its own limit per message; with this one a too large message would end without a gRPC status.
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.Http2.MaxStreamsPerConnection = MaxStreamsPerConnection;
        // A peer whose machine is gone says nothing. Its streams end after this, and only then does its memory come back.
        kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(15);
        kestrel.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(10);
        foreach (var address in ListenAddress.ParseAll(options.Listen))
        {
            Listen(kestrel, address, HttpProtocols.Http2, options);
        }

        foreach (var address in ListenAddress.ParseAll(options.HttpListen))
        {
            Listen(kestrel, address, HttpProtocols.Http1, options);
        }
    }

    /// <summary>How many connections are taken: what the operator says, else what the file descriptors leave.</summary>
    public static long ConnectionLimit(CoordinatorServerOptions options) => options.MaxConcurrentConnections
        ?? DescriptorLimit.ConnectionsUnder(DescriptorLimit.Read(), options.Targets.Values.Sum(target => target.Shards.Count));

    private static void Listen(
        KestrelServerOptions kestrel, ListenAddress address, HttpProtocols withoutTls, CoordinatorServerOptions options)
    {
        void Protocols(ListenOptions listen)
        {
            // Without TLS there is no negotiation: a port speaks one protocol.
            listen.Protocols = address.IsTls ? HttpProtocols.Http1AndHttp2 : withoutTls;
            if (address.IsTls)
            {
                listen.UseHttps(https => ConfigureTls(https, options));
            }
        }

        if (address.IsLocalhost)
        {
            kestrel.ListenLocalhost(address.Port, Protocols);
        }
        else if (address.Address!.Equals(IPAddress.IPv6Any))
        {
            kestrel.ListenAnyIP(address.Port, Protocols);
        }
        else
        {
            kestrel.Listen(address.Address, address.Port, Protocols);
        }
    }

    private static void ConfigureTls(HttpsConnectionAdapterOptions https, CoordinatorServerOptions options)
    {
        https.ServerCertificate = TlsFiles.ServerCertificate(options.Tls);
        https.ServerCertificateChain = TlsFiles.All(options.Tls.CertificatePath);
        if (options.Tls.ClientCaPath.Length > 0)
        {
            var authorities = TlsFiles.All(options.Tls.ClientCaPath);
            // With keys as well, a caller may show either.
            https.ClientCertificateMode = options.ApiKeys.Count > 0
                ? ClientCertificateMode.AllowCertificate
                : ClientCertificateMode.RequireCertificate;
            https.ClientCertificateValidation = (certificate, chain, _) => IsSignedBy(authorities, certificate, chain);
        }
    }

    // Our authorities only: a certificate that some public one signed proves nothing here.
    private static bool IsSignedBy(X509Certificate2Collection authorities, X509Certificate2 certificate, X509Chain? sent)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(ClientAuthentication);
        if (sent is not null)
        {
            chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
        }

        return chain.Build(certificate);
    }
}
