using System.Collections.Concurrent;
using Coordinator.Engine.Applications;
using Coordinator.Server.Hosting;
using Coordinator.Server.Mapping;
using Grpc.Core;

namespace Coordinator.Server.Applications;

/// <summary>
/// The sessions that this replica serves. <b>When it begins to stop, each is asked to move and served until it has</b>, for the drain
/// time at most; one that takes no hints ends at once, and no new one is taken. When the interval of heartbeats changes, they hear of it.
/// </summary>
internal sealed class OpenSessions
{
    // The rest of the drain time is for opening the other stream.
    private const double MoveWithin = 0.6;

    private readonly ConcurrentDictionary<OpenSession, bool> _open = new();
    private readonly StreamEnding _streams;
    private readonly TimeSpan _drainTime;
    private readonly TimeProvider _time;
    private volatile bool _isDraining;

    public OpenSessions(
        InstanceRegistry registry,
        StreamEnding streams,
        CoordinatorServerOptions options,
        IHostApplicationLifetime lifetime,
        TimeProvider time)
    {
        _streams = streams;
        _drainTime = options.DrainTime;
        _time = time;
        // Neither is awaited: the one serves whoever stops the host, the other whichever heartbeat brought the change.
        lifetime.ApplicationStopping.Register(() => _ = DrainAsync());
        registry.Pace.Changed += interval => _ = TellAsync(ApplicationMapping.ToIntervalHint(interval));
    }

    /// <summary>How many there are; for a look now and then, since it counts them.</summary>
    public int Count => _open.Count;

    /// <summary>Ends with the session's stream; the server's stop waits for it.</summary>
    public EndingStream StreamOf(ServerCallContext context) => _streams.Of(context, CancellationToken.None);

    /// <summary>Takes a session in.</summary>
    /// <exception cref="OperationCanceledException">The server is stopping.</exception>
    public OpenSession Enter(EndingStream stream, IServerStreamWriter<V1.SessionResponse> responses, ServerCallContext context)
    {
        var session = new OpenSession(this, stream, responses, context.CancellationToken);
        _open[session] = true;
        // In this order: either the drain finds the session, or the session finds the drain.
        if (_isDraining)
        {
            Leave(session);
            throw new OperationCanceledException("The server takes no new sessions: it is stopping.");
        }

        return session;
    }

    /// <summary>The session has ended.</summary>
    public void Leave(OpenSession session) => _open.TryRemove(session, out _);

    private async Task DrainAsync()
    {
        _isDraining = true;
        await Task.Yield();
        var hint = ApplicationMapping.ToDrainHint(_drainTime * MoveWithin);
        foreach (var session in _open.Keys)
        {
            if (session.TakesHints && _drainTime > TimeSpan.Zero)
            {
                _ = session.HintAsync(hint);
            }
            else
            {
                session.End();
            }
        }

        await Task.Delay(_drainTime, _time);
        foreach (var session in _open.Keys)
        {
            session.End();
        }
    }

    private async Task TellAsync(V1.SessionResponse hint)
    {
        await Task.Yield();
        foreach (var session in _open.Keys.Where(session => session.TakesHints))
        {
            _ = session.HintAsync(hint);
        }
    }
}
