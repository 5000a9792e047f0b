using Coordinator.Client;
using Coordinator.Client.Instances;

namespace Coordinator.Demo;

/// <summary>
/// One application instance: registered with Coordinator before it touches the database, a pgbench process after the
/// other while it runs, a good-bye when it stops.
/// </summary>
internal sealed class BankInstance : IAsyncDisposable
{
    private readonly CoordinatorClient _client;
    private readonly InstanceSession _session;
    private readonly CancellationTokenSource _stop = new();
    private Task _load = Task.CompletedTask;

    public BankInstance(IEnumerable<string> addresses, string name, int version)
    {
        Name = name;
        Version = version;
        var options = new CoordinatorClientOptions();
        foreach (var address in addresses)
        {
            options.Addresses.Add(address);
        }

        _client = new CoordinatorClient(options);
        _session = new InstanceSession(
            _client,
            new CoordinatorInstanceOptions
            {
                Application = Bank.Application,
                Instance = name,
                SchemaVersion = version,
                AppVersion = $"{version}.0.0",
            });
    }

    public string Name { get; }

    public int Version { get; }

    /// <summary>Registers, and only then lets the load begin.</summary>
    /// <exception cref="InstanceStartException">The version is refused; nothing has touched the database.</exception>
    public async Task StartAsync(
        Pgbench pgbench, IReadOnlyList<string> script, double rate, LoadRecord record, CancellationToken cancellationToken)
    {
        await _session.StartAsync(cancellationToken);
        _load = RunAsync(pgbench, script, rate, record, cancellationToken);
    }

    /// <summary>Lets the slice that is running end, then says good-bye.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _load;
        await _session.LeaveAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _session.DisposeAsync();
        _client.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync(
        Pgbench pgbench, IReadOnlyList<string> script, double rate, LoadRecord record, CancellationToken cancellationToken)
    {
        while (!_stop.IsCancellationRequested)
        {
            record.Add(Name, await pgbench.RunSliceAsync(Version, script, rate, cancellationToken));
        }
    }
}
