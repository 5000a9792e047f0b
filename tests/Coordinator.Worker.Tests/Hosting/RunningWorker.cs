using Coordinator.Client;
using Coordinator.Client.Tests.Hosting;
using Coordinator.Testing;

namespace Coordinator.Worker.Tests.Hosting;

/// <summary>A worker that runs under manual time against a service and a target of the test's.</summary>
internal sealed class RunningWorker : IAsyncDisposable
{
    private readonly GrpcHost _host;
    private readonly CoordinatorClient _client;
    private readonly BackfillWorker _worker;
    private readonly CancellationTokenSource _stop = new();

    private RunningWorker(
        GrpcHost host, FakeRunner runner, ManualTimeProvider clock, Action<CoordinatorWorkerOptions>? configure)
    {
        _host = host;
        _client = Clients.For(o => o.MaxAttempts = 1, host.Address);
        Clock = clock;
        var options = new CoordinatorWorkerOptions { WorkerId = "w1", Targets = { ["shop"] = "Host=unused" } };
        configure?.Invoke(options);
        var settings = new WorkerSettings(options) { Jitter = () => 0.5 };
        _worker = new BackfillWorker(_client, settings, runner, clock, logger: null);
        Run = _worker.RunAsync(_stop.Token);
    }

    public ManualTimeProvider Clock { get; }

    /// <summary>Ends when the worker has stopped.</summary>
    public Task Run { get; }

    public static async Task<RunningWorker> StartAsync(
        FakeWorkers service,
        FakeRunner runner,
        Action<CoordinatorWorkerOptions>? configure = null,
        ManualTimeProvider? clock = null) =>
        new(await GrpcHost.StartAsync(service), runner, clock ?? new(), configure);

    public static Task EventuallyAsync(Func<bool> condition, string what) =>
        Eventually.TrueAsync(() => Task.FromResult(condition()), what);

    /// <summary>Moves the clock on, step by step, until the condition holds.</summary>
    public Task PumpAsync(Func<bool> condition, string what, TimeSpan? step = null) => EventuallyAsync(
        () =>
        {
            Clock.Advance(step ?? TimeSpan.FromMilliseconds(100));
            return condition();
        },
        what);

    public Task StopAsync() => _stop.CancelAsync();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await EventuallyAsync(
            () =>
            {
                Clock.Advance(TimeSpan.FromSeconds(1));
                return Run.IsCompleted;
            },
            "the end of the worker");
        await _worker.DisposeAsync();
        _client.Dispose();
        _stop.Dispose();
        await _host.DisposeAsync();
    }
}
