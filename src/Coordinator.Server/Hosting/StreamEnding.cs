using Grpc.Core;

namespace Coordinator.Server.Hosting;

/// <summary>
/// Ends open streams when the server stops, <b>and lets their last frames out before connections are closed</b>. A stream has no
/// end of its own, and the host would wait for it until its patience is over; the caller reconnects to another replica the
/// sooner. Kestrel closes a connection with its last stream, and a .NET caller that hears of the connection's end before its
/// stream's drops the status that it has received already.
/// </summary>
internal sealed class StreamEnding(IHostApplicationLifetime lifetime, TimeProvider time) : IHostedLifecycleService
{
    // What follows a response is one frame that waits for nothing; Kestrel tells nobody when it is out.
    private static readonly TimeSpan LastFrames = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private TaskCompletionSource _none = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _open;
    private long? _lastEnd;

    /// <summary>The stream of a call, which ends when the caller goes or the server stops. Dispose it with the stream.</summary>
    public EndingStream Of(ServerCallContext context) => Of(context, lifetime.ApplicationStopping);

    /// <summary>The same for a stream that somebody else ends when the server stops: the stop waits for it.</summary>
    public EndingStream Of(ServerCallContext context, CancellationToken end)
    {
        lock (_gate)
        {
            _open++;
        }

        context.GetHttpContext().Response.OnCompleted(static streams => ((StreamEnding)streams).EndedAsync(), this);
        return new EndingStream(context.CancellationToken, end);
    }

    /// <summary>Waits for the streams' ends: connections are closed only behind this.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        // The host itself says so behind this.
        lifetime.StopApplication();
        await AllEnded().WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_lastEnd is { } end && LastFrames - time.GetElapsedTime(end) is { } left && left > TimeSpan.Zero)
        {
            await Task.Delay(left, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private Task AllEnded()
    {
        lock (_gate)
        {
            return _open == 0 ? Task.CompletedTask : _none.Task;
        }
    }

    private Task EndedAsync()
    {
        lock (_gate)
        {
            _open--;
            _lastEnd = time.GetTimestamp();
            if (_open == 0)
            {
                _none.TrySetResult();
                _none = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        return Task.CompletedTask;
    }
}
