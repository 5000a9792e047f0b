using Grpc.Core;

namespace Coordinator.Server.Hosting;

/// <summary>
/// Ends open streams when the server stops. A stream has no end of its own, and the host would wait for it until its
/// patience is over; the caller reconnects to another replica the sooner.
/// </summary>
internal sealed class StreamEnding(IHostApplicationLifetime lifetime)
{
    /// <summary>Cancelled when the caller goes or the server stops. Dispose it with the stream.</summary>
    public CancellationTokenSource Of(ServerCallContext context) =>
        CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
}
