using Coordinator.Client.Transport;
using Coordinator.V1;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Coordinator.Client.Instances;

/// <summary>
/// Brings heartbeats to Coordinator: over a stream while there is one, at once by a unary call when the stream fails, and
/// over a new stream, at whatever address answered, with the next heartbeat. So a replica that goes away costs the
/// instance no more than one call; one that says so before costs it none, since its stream is left for another's.
/// </summary>
internal sealed class HeartbeatChannel(
    CoordinatorClient client, InstanceReport report, TimeProvider timeProvider, ILogger logger) : IDisposable
{
    /// <summary>After this many streams in a row that lived for one heartbeat at most, streams are tried rarely.</summary>
    private const int PatienceWithStreams = 3;

    private const int BeatsBetweenRareStreams = 10;

    private static readonly Task Never = new TaskCompletionSource().Task;

    private HeartbeatStream? _stream;
    private int _brokenStreams;
    private int _beats;
    private bool _leaving;

    /// <summary>Completes when the stream ends between two heartbeats: the next one is then due at once.</summary>
    public Task Disturbed => _stream?.Next ?? Never;

    /// <summary>Completes when Coordinator says something on the stream without being asked.</summary>
    public Task Hinted => _stream?.Hinted ?? Never;

    /// <summary>When to leave the stream, by the monotonic clock; null when it may stay.</summary>
    public long? LeaveAt => _stream?.LeaveAt;

    /// <summary>What Coordinator said since this was asked last; null for nothing.</summary>
    public StreamHint? TakeHint() => _stream?.TakeHint();

    /// <summary>Leaves the stream at that moment. What was said first stays.</summary>
    public void PlanToLeave(long moment)
    {
        if (_stream is { LeaveAt: null } stream)
        {
            stream.LeaveAt = moment;
        }
    }

    /// <summary>
    /// Leaves the stream. With another address to go to, the next heartbeat opens a stream there before this one ends,
    /// and had better be sent now; with one address only, this one ends, and the next heartbeat, when it is due, goes to
    /// whichever replica is there then.
    /// </summary>
    /// <returns>Whether a heartbeat is due now.</returns>
    public bool Leave()
    {
        if (_stream is not { } stream)
        {
            return false;
        }

        stream.LeaveAt = null;
        _leaving = client.Calls.Endpoints.Count > 1;
        if (!_leaving)
        {
            Interlocked.Exchange(ref _stream, null)?.Dispose();
        }

        return _leaving;
    }

    /// <summary>Sends one heartbeat and waits for its acknowledgement.</summary>
    /// <exception cref="CoordinatorException">It was refused, or not acknowledged on any way that was tried.</exception>
    public async Task<HeartbeatAck> BeatAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        _beats++;
        if (_stream is { Next.IsCompleted: true })
        {
            DropStream();
        }

        if (_leaving && await BeatElsewhereAsync(timeout, cancellationToken).ConfigureAwait(false) is { } moved)
        {
            return moved;
        }

        if (_stream is not null || WantsStream())
        {
            try
            {
                return await BeatOnStreamAsync(timeout, cancellationToken).ConfigureAwait(false);
            }
            catch (CoordinatorException exception) when (!Refusal.IsAnswer(exception))
            {
                InstanceLog.StreamFailed(logger, report.Application, report.Instance, exception.Reason);
            }
        }

        return await BeatUnaryAsync(timeout, cancellationToken).ConfigureAwait(false);
    }

    public void Dispose() => DropStream();

    /// <summary>Opens a stream to another replica and ends the one that is left; null when none answered: then that one stays.</summary>
    private async Task<HeartbeatAck?> BeatElsewhereAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        _leaving = false;
        if (Interlocked.Exchange(ref _stream, null) is not { } left)
        {
            return null;
        }

        left.PointElsewhere();
        try
        {
            var ack = await BeatOnStreamAsync(timeout, cancellationToken).ConfigureAwait(false);
            left.Dispose();
            return ack;
        }
        catch (CoordinatorException exception) when (!Refusal.IsAnswer(exception))
        {
            InstanceLog.StreamFailed(logger, report.Application, report.Instance, exception.Reason);
            _stream = left;
            return null;
        }
        catch
        {
            left.Dispose();
            throw;
        }
    }

    private bool WantsStream() =>
        _brokenStreams < PatienceWithStreams || _beats % BeatsBetweenRareStreams == 0;

    private async Task<HeartbeatAck> BeatOnStreamAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var bound = new CancellationTokenSource(timeout, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, cancellationToken);
        var stream = _stream ??= new HeartbeatStream(client);
        var answered = false;
        try
        {
            var sentAt = timeProvider.GetTimestamp();
            var response = await stream.BeatAsync(report, either.Token).ConfigureAwait(false);
            answered = true;
            return Acknowledged(sentAt, response.LeaseDuration?.ToTimeSpan(), response.HeartbeatInterval?.ToTimeSpan());
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            stream.PointElsewhere();
            throw CoordinatorException.From(new RpcException(
                new Status(StatusCode.DeadlineExceeded, "The heartbeat was not answered in time.")));
        }
        finally
        {
            if (!answered)
            {
                DropStream();
            }
        }
    }

    private async Task<HeartbeatAck> BeatUnaryAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var sentAt = timeProvider.GetTimestamp();
        using var call = client.Applications.HeartbeatAsync(
            new HeartbeatRequest { Report = report },
            deadline: FailoverCalls.DeadlineIn(timeout),
            cancellationToken: cancellationToken);
        var response = await call.ResponseAsync.ConfigureAwait(false);
        return Acknowledged(sentAt, response.LeaseDuration?.ToTimeSpan(), response.HeartbeatInterval?.ToTimeSpan());
    }

    private static HeartbeatAck Acknowledged(long sentAt, TimeSpan? lease, TimeSpan? interval)
    {
        var duration = lease ?? TimeSpan.Zero;
        return new HeartbeatAck(sentAt, duration, InstanceSettings.IntervalWithin(duration, interval));
    }

    private void DropStream()
    {
        if (Interlocked.Exchange(ref _stream, null) is not { } stream)
        {
            return;
        }

        _brokenStreams = stream.Answered > 1 ? 0 : _brokenStreams + 1;
        stream.Dispose();
    }
}
