using Coordinator.Client;
using Coordinator.Worker.Leases;
using Coordinator.Worker.Reporting;
using Coordinator.Worker.Running;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coordinator.Worker;

/// <summary>
/// Leases backfill batches and runs them in their targets until it is told to stop. It may be killed, paused or cut off
/// at any moment: whether a batch takes effect is decided by the target, in the transaction that holds its writes.
/// Several workers share the work by themselves. One <see cref="RunAsync"/> per worker.
/// </summary>
public sealed class BackfillWorker : IAsyncDisposable
{
    private readonly WorkerSettings _settings;
    private readonly IBatchRunner _runner;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly LeaseBook _book;
    private readonly PrefetchDepth _depth;
    private readonly BatchReporter _reporter;
    private readonly LeaseAcquisition _acquisition;
    private readonly LeaseRenewal _renewal;
    private readonly FailureBackoff _failures;
    private int _begun;

    /// <summary>Makes the worker; nothing is connected before <see cref="RunAsync"/>.</summary>
    /// <param name="client">The way to Coordinator; not disposed with the worker.</param>
    /// <param name="options">What the worker may do; copied.</param>
    /// <param name="timeProvider">The clock of leases and pauses; the system's when null.</param>
    /// <param name="logger">Where to log; nowhere when null.</param>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">The options are not valid.</exception>
    public BackfillWorker(
        CoordinatorClient client,
        CoordinatorWorkerOptions options,
        TimeProvider? timeProvider = null,
        ILogger<BackfillWorker>? logger = null)
        : this(client, Checked(options), new TargetBatchRunner(options), timeProvider, logger)
    {
    }

    internal BackfillWorker(
        CoordinatorClient client,
        WorkerSettings settings,
        IBatchRunner runner,
        TimeProvider? timeProvider,
        ILogger<BackfillWorker>? logger)
    {
        ArgumentNullException.ThrowIfNull(client);
        _settings = settings;
        _runner = runner;
        _timeProvider = timeProvider ?? TimeProvider.System;
        _logger = logger ?? NullLogger<BackfillWorker>.Instance;
        _book = new LeaseBook(_timeProvider);
        _depth = new PrefetchDepth(settings.Parallelism, settings.Prefetch);
        _failures = new FailureBackoff(_timeProvider, settings.Jitter);
        _reporter = new BatchReporter(client, settings, _book, _timeProvider, _logger);
        _acquisition = new LeaseAcquisition(client, settings, _book, _depth, _failures, _timeProvider, _logger);
        _renewal = new LeaseRenewal(client, settings.WorkerId, _book, _timeProvider, _logger);
    }

    /// <summary>The worker's own id.</summary>
    public string WorkerId => _settings.WorkerId;

    /// <summary>
    /// Works until the token is cancelled, and then returns without an exception: no further batch is started, those
    /// that run may end within the stop timeout, the rest is given back, and what was done is reported. No failure of
    /// Coordinator or of a target ends it.
    /// </summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _begun, 1) != 0)
        {
            throw new InvalidOperationException("The worker was run before; make a new one.");
        }

        WorkerLog.Started(_logger, WorkerId, _settings.TargetNames, _settings.Parallelism);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var aborting = new CancellationTokenSource();
        using var ending = new CancellationTokenSource();
        var renewal = StopOnFaultAsync(_renewal.RunAsync(ending.Token), stopping);
        var reports = StopOnFaultAsync(_reporter.RunAsync(ending.Token), stopping);
        var work = Task.WhenAll(
        [
            StopOnFaultAsync(_acquisition.RunAsync(stopping.Token, aborting.Token), stopping),
            .. Enumerable.Range(0, _settings.Parallelism).Select(_ =>
                StopOnFaultAsync(NewLoop().RunAsync(stopping.Token, aborting.Token), stopping)),
        ]);
        try
        {
            await EndOfWorkAsync(work, aborting, stopping.Token).ConfigureAwait(false);
            await LastReportsAsync(reports).ConfigureAwait(false);
        }
        finally
        {
            await ending.CancelAsync().ConfigureAwait(false);
            await IgnoreCancellationAsync(renewal).ConfigureAwait(false);
            await IgnoreCancellationAsync(reports).ConfigureAwait(false);
            WorkerLog.Stopped(_logger, WorkerId);
        }
    }

    /// <summary>Closes the connections to the targets. Stop <see cref="RunAsync"/> first.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_runner is IAsyncDisposable disposable)
        {
            await disposable.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static WorkerSettings Checked(CoordinatorWorkerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        CoordinatorWorkerOptionsValidator.ThrowIfInvalid(options);
        return new WorkerSettings(options);
    }

    private BatchLoop NewLoop() =>
        new(_runner, _settings, _book, _depth, _reporter, _failures, _timeProvider, _logger);

    private async Task EndOfWorkAsync(Task work, CancellationTokenSource aborting, CancellationToken stopping)
    {
        await IgnoreCancellationAsync(Task.Delay(Timeout.InfiniteTimeSpan, _timeProvider, stopping)).ConfigureAwait(false);
        using var ended = new CancellationTokenSource();
        await Task.WhenAny(work, Task.Delay(_settings.StopTimeout, _timeProvider, ended.Token)).ConfigureAwait(false);
        await ended.CancelAsync().ConfigureAwait(false);
        await aborting.CancelAsync().ConfigureAwait(false);
        await work.ConfigureAwait(false);
    }

    private async Task LastReportsAsync(Task reports)
    {
        foreach (var lease in _book.TakeWaiting(_ => true))
        {
            _reporter.GiveBack(OutcomeReport.Release(
                lease.Batch, ReleaseReason.WorkerStopping, "The worker stopped before the batch was started."));
        }

        _reporter.Close();
        using var ended = new CancellationTokenSource();
        var bound = Task.Delay(_settings.LastReportTimeout, _timeProvider, ended.Token);
        await Task.WhenAny(reports, bound).ConfigureAwait(false);
        await ended.CancelAsync().ConfigureAwait(false);
        if (_reporter.Pending is > 0 and var pending)
        {
            WorkerLog.ReportsDropped(_logger, WorkerId, pending);
        }
    }

    /// <summary>A loop that faults is a defect of ours: the others stop, and the fault comes out of RunAsync.</summary>
    private static async Task StopOnFaultAsync(Task loop, CancellationTokenSource stopping)
    {
        try
        {
            await loop.ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            await stopping.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static async Task IgnoreCancellationAsync(Task task)
    {
        try
        {
            await task.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // That is how it ends.
        }
    }
}
