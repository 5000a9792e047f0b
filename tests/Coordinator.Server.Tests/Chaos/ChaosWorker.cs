using System.Collections.Concurrent;
using Coordinator.Client;
using Coordinator.Worker;

namespace Coordinator.Server.Tests.Chaos;

/// <summary>A real worker, with its own client, its own connections to the target, and a network that can't be relied on.</summary>
internal sealed class ChaosWorker : IAsyncDisposable
{
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(60);

    private readonly FaultyWire _wire;
    private readonly CoordinatorClient _client;
    private readonly BackfillWorker _worker;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _run;

    public ChaosWorker(string id, string target, Func<Uri> service, ConcurrentQueue<Func<Task>> strays, Random random)
    {
        Id = id;
        _wire = new FaultyWire(
            new SocketsHttpHandler { EnableMultipleHttp2Connections = true, ConnectTimeout = TimeSpan.FromSeconds(1) },
            service,
            strays,
            random.Next());
        var client = new CoordinatorClientOptions
        {
            // The wire knows where the service is now.
            Addresses = { "http://coordinator.invalid" },
            ConfigureChannel = channel => channel.HttpHandler = _wire,
        };
        _client = new CoordinatorClient(client);
        _worker = new BackfillWorker(_client, new CoordinatorWorkerOptions
        {
            WorkerId = id,
            // The target can tell by this setting whose session it is.
            Targets = { ["shop"] = $"{target};Options=-c chaos.worker={id}" },
            Parallelism = random.Next(4) == 0 ? 2 : 1,
            Prefetch = random.Next(3),
            ReportDelay = TimeSpan.FromMilliseconds(random.Next(60)),
            StopTimeout = TimeSpan.FromSeconds(15),
        }, new ImpatientTime());
        _run = _worker.RunAsync(_stop.Token);
    }

    public string Id { get; }

    public void Freeze() => _wire.Freeze();

    public void Thaw() => _wire.Thaw();

    /// <summary>
    /// The process is gone: it starts nothing more and nobody hears of it again. What the server has of it already may still
    /// run to its end there, as it does after a real <c>kill -9</c>.
    /// </summary>
    public Task KillAsync()
    {
        _wire.Cut();
        return _stop.CancelAsync();
    }

    /// <summary>Waits for the end; a fault of the worker's own comes out here.</summary>
    public async ValueTask DisposeAsync()
    {
        _wire.Thaw();
        await _stop.CancelAsync();
        await _run.WaitAsync(LongestEnd);
        await _worker.DisposeAsync();
        _client.Dispose();
        _wire.Dispose();
        _stop.Dispose();
    }
}
