using Coordinator.Server.Errors;
using Coordinator.Server.Hosting;
using Grpc.Core;
using Proto = Grpc.Health.V1;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Coordinator.Server.Health;

/// <summary>gRPC's health checking protocol: the whole server, each service, <c>liveness</c> and <c>readiness</c>.</summary>
internal sealed class HealthService(ServingState serving, StreamEnding streams) : Proto.Health.HealthBase
{
    public override Task<Proto.HealthCheckResponse> Check(Proto.HealthCheckRequest request, ServerCallContext context) =>
        serving.Of(request.Service).Status is { } status
            ? Task.FromResult(new Proto.HealthCheckResponse { Status = status })
            : throw NotFound.Service(request.Service);

    public override async Task Watch(
        Proto.HealthCheckRequest request,
        IServerStreamWriter<Proto.HealthCheckResponse> responseStream,
        ServerCallContext context)
    {
        using var ending = streams.Of(context);
        ServingStatus? last = null;
        for (var isLast = false; ; isLast = ending.Token.IsCancellationRequested)
        {
            var (status, changed) = serving.Of(request.Service);
            var now = status ?? ServingStatus.ServiceUnknown;
            if (now != last)
            {
                await responseStream.WriteAsync(new Proto.HealthCheckResponse { Status = now }, context.CancellationToken);
                last = now;
            }

            if (isLast)
            {
                return;
            }

            await changed.WaitAsync(ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
