using Coordinator.Client.Transport;
using Coordinator.V1;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coordinator.Client.Instances;

/// <summary>
/// Registers this process with Coordinator, keeps it registered, and says good-bye. For programs without a generic host;
/// with one, use <c>AddCoordinatorInstance</c>. Use it as <c>await using</c>: disposing says good-bye.
/// </summary>
public sealed class InstanceSession : ICoordinatorInstance, IAsyncDisposable, IDisposable
{
    private readonly CoordinatorClient _client;
    private readonly InstanceSettings _settings;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly InstanceLease _lease;
    private readonly HeartbeatChannel _channel;
    private readonly HeartbeatWait _wait;
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _lock = new();
    private Task _heartbeats = Task.CompletedTask;
    private volatile InstanceStatus _status = new(InstanceState.Starting);
    private Task? _leave;
    private TimeSpan _leaseDuration;
    private int _begun;
    private volatile bool _mayBeKnown;

    /// <summary>Makes the session; nothing is sent before <see cref="StartAsync"/>.</summary>
    /// <param name="client">The way to Coordinator; not disposed with the session.</param>
    /// <param name="options">What this process says of itself; copied.</param>
    /// <param name="timeProvider">The clock of lease and heartbeats; the system's when null.</param>
    /// <param name="logger">Where to log; nowhere when null.</param>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">The options are not valid.</exception>
    public InstanceSession(
        CoordinatorClient client,
        CoordinatorInstanceOptions options,
        TimeProvider? timeProvider = null,
        ILogger<InstanceSession>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(options);
        _client = client;
        _settings = InstanceSettings.Of(options);
        _timeProvider = timeProvider ?? TimeProvider.System;
        _logger = logger ?? NullLogger<InstanceSession>.Instance;
        _lease = new InstanceLease(_timeProvider) { Lapsed = OnLapsed };
        _channel = new HeartbeatChannel(client, _settings.Report, _timeProvider, _logger);
        _wait = new HeartbeatWait(_channel, _timeProvider, () => Jitter());
    }

    /// <inheritdoc/>
    public string Application => _settings.Report.Application;

    /// <inheritdoc/>
    public string Instance => _settings.Report.Instance;

    /// <inheritdoc/>
    public long SchemaVersion => _settings.Report.SchemaVersion;

    /// <inheritdoc/>
    public bool MayWrite => _lease.IsRunning;

    /// <inheritdoc/>
    public CancellationToken LeaseLost => _lease.Lost;

    /// <inheritdoc/>
    public InstanceStatus Status => _status;

    internal Func<double> Jitter { get; init; } = Random.Shared.NextDouble;

    /// <summary>Registers the instance. When this returns, Coordinator has its version on disk.</summary>
    /// <exception cref="InstanceStartException">
    /// Coordinator refused the version, or could not be reached within the start timeout and the policy is to refuse.
    /// </exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _begun, 1) != 0)
        {
            throw new InvalidOperationException("The session was started before; make a new one for another start.");
        }

        TimeSpan firstWait;
        try
        {
            firstWait = await RegisterAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            // A heartbeat whose answer was lost may have registered it: better to say good-bye to somebody unknown than
            // to stay behind as an instance that nobody can account for.
            await LeaveAsync(CancellationToken.None).ConfigureAwait(false);
            throw;
        }

        _heartbeats = BeatUntilEndAsync(firstWait, _ending.Token);
    }

    /// <summary>
    /// Ends the lease and says good-bye, for at most the leave timeout. Does nothing when the instance has left already.
    /// A failure is logged, not thrown: the process is about to end.
    /// </summary>
    public Task LeaveAsync(CancellationToken cancellationToken = default)
    {
        Task leave;
        lock (_lock)
        {
            leave = _leave ??= LeaveOnceAsync();
        }

        return leave.WaitAsync(cancellationToken);
    }

    /// <summary>Says good-bye if that has not been done, and releases everything.</summary>
    public async ValueTask DisposeAsync()
    {
        await LeaveAsync(CancellationToken.None).ConfigureAwait(false);
        Dispose();
    }

    /// <summary>
    /// Ends the lease and stops the heartbeats without a good-bye, which would have to block. Coordinator then counts
    /// the instance as running until somebody attests its end; prefer <see cref="DisposeAsync"/>.
    /// </summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _leave ??= Task.CompletedTask;
        }

        if (!_ending.IsCancellationRequested)
        {
            _ending.Cancel();
        }

        _lease.Dispose();
        _channel.Dispose();
        _ending.Dispose();
    }

    private async Task LeaveOnceAsync()
    {
        await _ending.CancelAsync().ConfigureAwait(false);
        await _heartbeats.ConfigureAwait(false);
        _channel.Dispose();
        _lease.End();
        if (_status.State != InstanceState.Refused)
        {
            _status = new InstanceStatus(InstanceState.Left);
        }

        if (_mayBeKnown)
        {
            await SayGoodByeAsync().ConfigureAwait(false);
        }
    }

    private async Task<TimeSpan> RegisterAsync(CancellationToken cancellationToken)
    {
        var began = _timeProvider.GetTimestamp();
        for (var failures = 1; ; failures++)
        {
            TimeSpan pause;
            _mayBeKnown = true;
            try
            {
                var ack = await _channel.BeatAsync(_settings.HeartbeatTimeout, cancellationToken).ConfigureAwait(false);
                InstanceLog.Registered(_logger, Application, Instance, SchemaVersion);
                return Accept(ack);
            }
            catch (CoordinatorException exception) when (Refusal.IsAnswer(exception))
            {
                _mayBeKnown = false;
                _status = new InstanceStatus(InstanceState.Refused, exception.Reason, exception.Message);
                throw _settings.Refused(exception);
            }
            catch (CoordinatorException exception)
            {
                _status = new InstanceStatus(InstanceState.Unreachable, exception.Reason, exception.Message);
                pause = InstanceSettings.PauseAfter(exception, failures, Jitter());
                if (_timeProvider.GetElapsedTime(began) >= _settings.StartTimeout)
                {
                    if (_settings.StartWhenUnreachable == UnreachableStart.Refuse)
                    {
                        throw _settings.Unreachable(exception);
                    }

                    InstanceLog.StartedUnregistered(_logger, Application, Instance, exception.Reason);
                    return pause;
                }
            }

            await Task.Delay(pause, _timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The heartbeats of a running instance. Ends by its token only; no failure of Coordinator ends it.</summary>
    private async Task BeatUntilEndAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        var failures = 0;
        try
        {
            while (true)
            {
                await _wait.UntilDueAsync(wait, _leaseDuration, cancellationToken).ConfigureAwait(false);
                try
                {
                    var ack = await _channel.BeatAsync(_settings.TimeoutWithin(_leaseDuration), cancellationToken)
                        .ConfigureAwait(false);
                    wait = Accept(ack);
                    failures = 0;
                }
                catch (CoordinatorException exception)
                {
                    failures++;
                    wait = Reject(exception, failures);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The instance is leaving.
        }
    }

    private TimeSpan Accept(HeartbeatAck ack)
    {
        _lease.Renew(ack.SentAt, ack.LeaseDuration);
        _leaseDuration = ack.LeaseDuration;
        if (_status.State is InstanceState.Unreachable or InstanceState.Refused)
        {
            InstanceLog.HeartbeatsResumed(_logger, Application, Instance);
        }

        _status = new InstanceStatus(InstanceState.Registered);
        return InstanceSettings.Spread(ack.Interval, Jitter());
    }

    private TimeSpan Reject(CoordinatorException exception, int failures)
    {
        if (Refusal.IsOfInstance(exception))
        {
            // Asked again all the same: a retirement can be ended.
            _lease.End();
            _status = new InstanceStatus(InstanceState.Refused, exception.Reason, exception.Message);
            InstanceLog.InstanceRefused(_logger, Application, Instance, exception.Reason, exception.Message);
            return InstanceSettings.RetryPause(int.MaxValue, Jitter());
        }

        _status = new InstanceStatus(InstanceState.Unreachable, exception.Reason, exception.Message);
        InstanceLog.HeartbeatFailed(_logger, Application, Instance, exception.Reason, exception.Message);
        return InstanceSettings.PauseAfter(exception, failures, Jitter());
    }

    private void OnLapsed() => InstanceLog.LeaseLost(_logger, Application, Instance);

    /// <summary>Until it is heard: who ends unheard holds up every contract of its version until somebody vouches for its end.</summary>
    private async Task SayGoodByeAsync()
    {
        var deadline = FailoverCalls.DeadlineIn(_settings.LeaveTimeout);
        var failures = 0;
        while (await TryLeaveAsync(deadline).ConfigureAwait(false) is { } failure)
        {
            var pause = InstanceSettings.PauseAfter(failure, ++failures, Jitter());
            if (Refusal.IsAnswer(failure) || FailoverCalls.DeadlineIn(pause) >= deadline)
            {
                InstanceLog.LeaveFailed(_logger, Application, Instance, failure.Reason);
                return;
            }

            // By the system's clock, as the deadline is.
            await Task.Delay(pause).ConfigureAwait(false);
        }

        InstanceLog.InstanceLeft(_logger, Application, Instance);
    }

    private async Task<CoordinatorException?> TryLeaveAsync(DateTime deadline)
    {
        try
        {
            using var call = _client.Applications.LeaveAsync(
                new LeaveRequest { Application = Application, Instance = Instance }, deadline: deadline);
            await call.ResponseAsync.ConfigureAwait(false);
            return null;
        }
        catch (CoordinatorException failure)
        {
            return failure;
        }
    }
}
