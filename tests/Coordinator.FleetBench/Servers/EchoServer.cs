using Coordinator.Server;
using Coordinator.Server.Hosting;
using Coordinator.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Coordinator.FleetBench.Servers;

/// <summary>
/// The ceiling: the service's messages over the service's listeners, answered at once by somebody who knows nothing, stores nothing
/// and asks nobody who he is.
/// </summary>
internal static class EchoServer
{
    /// <summary>The program's argument that makes it this server.</summary>
    public const string Verb = "echo";

    public static async Task RunAsync(string address)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => Listeners.Configure(
            kestrel, new CoordinatorServerOptions { Listen = address, HttpListen = "" }));
        builder.Services.AddGrpc();
        await using var app = builder.Build();
        app.MapGrpcService<EchoApplications>();
        app.MapGrpcService<EchoReadiness>();
        await app.RunAsync();
    }

    private sealed class EchoApplications : ApplicationService.ApplicationServiceBase
    {
        public override async Task Session(
            IAsyncStreamReader<SessionRequest> requestStream,
            IServerStreamWriter<SessionResponse> responseStream,
            ServerCallContext context)
        {
            await foreach (var _ in requestStream.ReadAllAsync(context.CancellationToken))
            {
                await responseStream.WriteAsync(
                    new SessionResponse { LeaseDuration = Seconds(30), HeartbeatInterval = Seconds(10) }, context.CancellationToken);
            }
        }

        public override Task<HeartbeatResponse> Heartbeat(HeartbeatRequest request, ServerCallContext context) =>
            Task.FromResult(new HeartbeatResponse { LeaseDuration = Seconds(30), HeartbeatInterval = Seconds(10) });

        private static Duration Seconds(int seconds) => Duration.FromTimeSpan(TimeSpan.FromSeconds(seconds));
    }

    private sealed class EchoReadiness : ReadinessService.ReadinessServiceBase
    {
        public override Task<CheckResponse> Check(CheckRequest request, ServerCallContext context) =>
            Task.FromResult(new CheckResponse { Readiness = new Readiness { Verdict = Readiness.Types.Verdict.Ready } });
    }
}
