using System.Net;
using Grpc.AspNetCore.Server;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Grpc.Api.Tests.Hosting;

/// <summary>The real server on a free port of this machine, over unencrypted HTTP/2, and a channel to it.</summary>
internal sealed class ProbeHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ProbeHost(WebApplication app, GrpcChannel channel)
    {
        _app = app;
        Channel = channel;
        Client = new Probe.ProbeClient(channel);
    }

    public GrpcChannel Channel { get; }

    public Probe.ProbeClient Client { get; }

    public string Address => _app.Urls.First();

    public static async Task<ProbeHost> StartAsync(
        ProbeBehaviour? behaviour = null,
        Action<GrpcServiceOptions>? serviceOptions = null,
        Action<GrpcChannelOptions>? channelOptions = null,
        Action<WebApplication>? map = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc(options => serviceOptions?.Invoke(options));
        builder.Services.AddSingleton(behaviour ?? new ProbeBehaviour());

        var app = builder.Build();
        if (map is null)
        {
            app.MapGrpcService<ProbeService>();
        }
        else
        {
            map(app);
        }

        await app.StartAsync();
        return new ProbeHost(app, OpenChannel(app.Urls.First(), channelOptions));
    }

    public GrpcChannel OpenChannel(Action<GrpcChannelOptions> options) => OpenChannel(Address, options);

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        await _app.DisposeAsync();
    }

    private static GrpcChannel OpenChannel(string address, Action<GrpcChannelOptions>? configure)
    {
        var options = new GrpcChannelOptions();
        configure?.Invoke(options);
        return GrpcChannel.ForAddress(address, options);
    }
}
