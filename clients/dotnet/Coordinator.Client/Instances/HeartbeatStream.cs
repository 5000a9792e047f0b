using Coordinator.Client.Transport;
using Coordinator.V1;
using Grpc.Core;

namespace Coordinator.Client.Instances;

/// <summary>
/// One open Session stream. Every answer belongs to exactly one heartbeat, and a stream on which a heartbeat was not
/// answered in time is not used again, since its late answer could be taken for a later one's. What else arrives are
/// hints: they have no lease duration, and renew nothing.
/// </summary>
internal sealed class HeartbeatStream : IDisposable
{
    private readonly FailoverCalls _calls;
    private readonly AsyncDuplexStreamingCall<SessionRequest, SessionResponse> _call;
    private readonly Lock _lock = new();
    private StreamHint? _hint;
    private TaskCompletionSource _hinted = NewSignal();
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

    /// <summary>Completes when an answer arrives or the stream ends; between heartbeats that is always its end.</summary>
    public Task Next => _next;

    /// <summary>When to leave it for another replica, by the monotonic clock; null while nobody asked for that.</summary>
    public long? LeaveAt { get; set; }

    /// <summary>Completes with the next hint.</summary>
    public Task Hinted
    {
        get
        {
            lock (_lock)
            {
                return _hinted.Task;
            }
        }
    }

    /// <summary>What came since it was asked last; null when nothing did.</summary>
    public StreamHint? TakeHint()
    {
        lock (_lock)
        {
            var hint = _hint;
            _hint = null;
            return hint;
        }
    }

    public async Task<SessionResponse> BeatAsync(InstanceReport report, CancellationToken cancellationToken)
    {
        try
        {
            await _call.RequestStream
                .WriteAsync(new SessionRequest { Report = report, TakesHints = true }, cancellationToken)
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

    /// <summary>It hangs or is about to end, so the next call had better go elsewhere.</summary>
    public void PointElsewhere() => _calls.Endpoints.MoveOnFrom(Endpoint);

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
            while (await _call.ResponseStream.MoveNext(CancellationToken.None).ConfigureAwait(false))
            {
                if (_call.ResponseStream.Current.LeaseDuration is not null)
                {
                    return true;
                }

                Take(_call.ResponseStream.Current);
            }

            return false;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private void Take(SessionResponse message)
    {
        lock (_lock)
        {
            // What is not understood is none: a later service may send more.
            _hint = new StreamHint(
                message.Drain is { } drain ? drain.Within?.ToTimeSpan() ?? TimeSpan.Zero : _hint?.LeaveWithin,
                message.HeartbeatInterval?.ToTimeSpan() ?? _hint?.Interval);
            _hinted.TrySetResult();
            _hinted = NewSignal();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static CoordinatorException Ended() =>
        CoordinatorException.From(new RpcException(new Status(StatusCode.Unavailable, "The service ended the stream.")));
}
