using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Coordinator.EventStore.Listening;

/// <summary>
/// Wakes readers up when events were appended. A wake-up is a hint and carries nothing: it also comes after every
/// (re)connection, when notifications may have been lost, and in a slow rhythm for those that get lost anyway. So a
/// reader takes <see cref="Current"/>, reads, and waits for a later one; it misses nothing.
/// </summary>
public sealed class AppendListener : IAsyncDisposable
{
    private readonly NpgsqlDataSource _direct;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TimeSpan _probeInterval;
    private readonly TimeSpan _minBackoff;
    private readonly TimeSpan _maxBackoff;
    private readonly CancellationTokenSource _stop = new();
    private readonly ITimer _poll;
    private readonly Task _loop;
    private readonly Lock _lock = new();
    private TaskCompletionSource _next = NewSignal();
    private long _current;
    private int _failures;

    private AppendListener(NpgsqlDataSource direct, AppendListenerOptions options, TimeProvider time, ILogger logger)
    {
        _direct = direct;
        _time = time;
        _logger = logger;
        _probeInterval = options.ProbeInterval;
        _minBackoff = options.MinBackoff;
        _maxBackoff = options.MaxBackoff;
        _poll = time.CreateTimer(_ => Signal(), null, options.PollInterval, options.PollInterval);
        _loop = RunAsync(_stop.Token);
    }

    /// <summary>The number of wake-ups so far.</summary>
    public long Current
    {
        get
        {
            lock (_lock)
            {
                return _current;
            }
        }
    }

    /// <summary>Starts listening on a connection of its own.</summary>
    /// <param name="direct">Connections to the server itself: LISTEN does not work through a transaction pooler.</param>
    /// <param name="options">How it waits.</param>
    /// <param name="timeProvider">The clock of polls, back-off and waits.</param>
    /// <param name="logger">Told about losses.</param>
    public static AppendListener Start(
        NpgsqlDataSource direct,
        AppendListenerOptions? options = null,
        TimeProvider? timeProvider = null,
        ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(direct);
        return new AppendListener(
            direct, options ?? new AppendListenerOptions(), timeProvider ?? TimeProvider.System, logger ?? NullLogger.Instance);
    }

    /// <summary>
    /// Returns when there was a wake-up later than <paramref name="seen"/>, at once if there was one already, or when the
    /// timeout has passed. Any number of readers may wait.
    /// </summary>
    /// <returns><see cref="Current"/> at that time, for the next call.</returns>
    public async Task<long> WaitAsync(long seen, TimeSpan timeout, CancellationToken cancellationToken)
    {
        Task next;
        lock (_lock)
        {
            if (_current > seen)
            {
                return _current;
            }

            next = _next.Task;
        }

        await next.WaitAsync(timeout, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        return Current;
    }

    /// <summary>Stops listening. Waiters are woken up.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _poll.DisposeAsync();
        await _loop;
        _stop.Dispose();
        Signal();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Signal()
    {
        TaskCompletionSource signalled;
        lock (_lock)
        {
            _current++;
            signalled = _next;
            _next = NewSignal();
        }

        signalled.TrySetResult();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        // The caller of Start must not wait for the first connection.
        await Task.Yield();
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // The boundary of the loop: whatever broke the connection, the cure is a new one. Readers poll meanwhile.
                var delay = NextBackoff();
                _logger.ListenConnectionLost(delay, e);
                await Task.Delay(delay, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        await using var connection = await _direct.OpenConnectionAsync(cancellationToken);
        connection.Notification += (_, notification) =>
        {
            if (notification.Channel == "mt_events_appended")
            {
                Signal();
            }
        };
        await using (var listen = new NpgsqlCommand("listen mt_events_appended", connection))
        {
            await listen.ExecuteNonQueryAsync(cancellationToken);
        }

        _failures = 0;
        _logger.Listening();
        // What was appended before LISTEN took effect was not notified here.
        Signal();
        while (true)
        {
            if (!await connection.WaitAsync(_probeInterval, cancellationToken))
            {
                // A peer that vanished sends nothing, not even an end.
                await using var probe = new NpgsqlCommand("select 1", connection);
                await probe.ExecuteNonQueryAsync(cancellationToken);
            }
        }
    }

    private TimeSpan NextBackoff()
    {
        var ceiling = Math.Min(_maxBackoff.TotalMilliseconds, _minBackoff.TotalMilliseconds * Math.Pow(2, Math.Min(_failures++, 16)));
        return TimeSpan.FromMilliseconds(ceiling * Random.Shared.NextDouble());
    }
}
