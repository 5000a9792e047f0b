using Coordinator.Client.Transport;
using Coordinator.V1;
using Grpc.Core;

namespace Coordinator.Client.Instances;

/// <summary>
/// One open Session stream. Every answer belongs to exactly one heartbeat: nothing else may arrive, and a stream on which
/// a heartbeat was not answered in time is not used again, since its late answer could be taken for a later one's.
/// </summary>
internal sealed class HeartbeatStream : IDisposable
{
    private readonly FailoverCalls _calls;
    private readonly AsyncDuplexStreamingCall<SessionRequest, SessionResponse> _call;
    private Task<bool> _next;

    public HeartbeatStream(CoordinatorClient client)
    {
        _calls = client.Calls;
        Endpoint = _calls.Endpoints.Current;
        _call = client.Applications.Session();
        _next = ReadAsync();
    }

    public Endpoint Endpoint { get; }

    /// <summary>How many heartbeats were answered on it.</summary>
    public int Answered { get; private set; }

    /// <summary>Completes when something arrives or the stream ends; between heartbeats that is always its end.</summary>
    public Task Next => _next;

    public async Task<SessionResponse> BeatAsync(InstanceReport report, CancellationToken cancellationToken)
    {
        try
        {
            await _call.RequestStream.WriteAsync(new SessionRequest { Report = report }, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (Exception exception) when (exception
            is RpcException or InvalidOperationException or IOException or HttpRequestException or OperationCanceledException)
        {
            // A write that the caller gave up ends with a status of gRPC's own. Else the stream has ended, perhaps with
            // its connection, which gRPC passes on as it came; the reader below has the reason.
            cancellationToken.ThrowIfCancellationRequested();
        }

        if (!await _next.WaitAsync(cancellationToken).ConfigureAwait(false))
        {
            throw Ended();
        }

        var response = _call.ResponseStream.Current;
        Answered++;
        _next = ReadAsync();
        return response;
    }

    /// <summary>The heartbeat was not answered in time, so the next call had better go elsewhere.</summary>
    public void ReportHanging() => _calls.Endpoints.MoveOnFrom(Endpoint);

    public void Dispose()
    {
        _call.Dispose();
        // Nobody waits for the read that this ends.
        _ = _next.ContinueWith(
            static read => _ = read.Exception,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private async Task<bool> ReadAsync()
    {
        try
        {
            return await _call.ResponseStream.MoveNext(CancellationToken.None).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static CoordinatorException Ended() =>
        CoordinatorException.From(new RpcException(new Status(StatusCode.Unavailable, "The service ended the stream.")));
}
