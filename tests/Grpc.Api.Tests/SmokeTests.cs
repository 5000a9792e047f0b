using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Grpc.Api.Tests;

public sealed class SmokeTests
{
    [Fact]
    public async Task A_unary_call_is_answered()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(o => o.Listen(System.Net.IPAddress.Loopback, 0, l => l.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        await using var app = builder.Build();
        app.MapGrpcService<Service>();
        await app.StartAsync();
        using var channel = GrpcChannel.ForAddress(app.Urls.First());
        var client = new Probe.ProbeClient(channel);
        var reply = await client.UnaryAsync(new ProbeRequest { Text = "a" });
        Assert.Equal("a", reply.Text);
    }

    private sealed class Service : Probe.ProbeBase
    {
        public override Task<ProbeReply> Unary(ProbeRequest request, ServerCallContext context) =>
            Task.FromResult(new ProbeReply { Text = request.Text });
    }
}
