using Coordinator.V1;
using Grpc.Core;

namespace Coordinator.FleetBench.Load;

/// <summary>One instance with its stream.</summary>
internal sealed class FleetMember(ApplicationService.ApplicationServiceClient client, string application, string instance) : IDisposable
{
    private readonly AsyncDuplexStreamingCall<SessionRequest, SessionResponse> _call = client.Session();

    private readonly SessionRequest _request = new()
    {
        Report = new InstanceReport { Application = application, Instance = instance, SchemaVersion = 1, AppVersion = "1.42.0" },
    };

    /// <summary>Sends a heartbeat and waits until it is acknowledged.</summary>
    public async Task BeatAsync()
    {
        await _call.RequestStream.WriteAsync(_request);
        if (!await _call.ResponseStream.MoveNext(CancellationToken.None))
        {
            throw new InvalidOperationException("The stream has ended.");
        }
    }

    public void Dispose() => _call.Dispose();
}
