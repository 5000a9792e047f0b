using Coordinator.Testing;

namespace Coordinator.Demo;

/// <summary>Two replicas of the service and four workers, all of them processes that can be killed and replaced.</summary>
internal sealed class CoordinatorCluster : IDisposable
{
    private readonly string _directory;
    private readonly Bank _bank;
    private readonly CoordinatorProcess[] _replicas;
    private readonly List<CoordinatorProcess> _workers = [];
    private int _started;

    public CoordinatorCluster(string directory, Bank bank)
    {
        _directory = directory;
        _bank = bank;
        Addresses = [$"http://127.0.0.1:{CoordinatorProcess.FreePort()}", $"http://127.0.0.1:{CoordinatorProcess.FreePort()}"];
        _replicas = [StartReplica(0), StartReplica(1)];
    }

    public IReadOnlyList<string> Addresses { get; }

    public IEnumerable<CoordinatorProcess> Processes => [.. _replicas, .. _workers];

    public void StartWorkers(int count)
    {
        for (var worker = 0; worker < count; worker++)
        {
            _workers.Add(StartWorker());
        }
    }

    /// <summary>Kills the replica that drives the migration, and starts another in its place.</summary>
    public async Task<string> ReplaceDrivingReplicaAsync(string migration)
    {
        var driving = Array.FindIndex(
            _replicas, replica => replica.Output.Contains($"Driving migration {migration}", StringComparison.Ordinal));
        var place = Math.Max(driving, 0);
        var killed = _replicas[place];
        await killed.KillAsync();
        killed.Dispose();
        _replicas[place] = StartReplica(place);
        return $"kill -9 {killed.Name} (pid {killed.Id}{(driving < 0 ? "" : ", which drove the migration")}); {_replicas[place].Name} takes its place";
    }

    /// <summary>Kills the worker of that id, and starts another.</summary>
    public async Task<string> ReplaceWorkerAsync(string workerId)
    {
        var killed = _workers.Find(worker => worker.Name == workerId) ?? _workers[0];
        _workers.Remove(killed);
        await killed.KillAsync();
        killed.Dispose();
        var next = StartWorker();
        _workers.Add(next);
        return $"kill -9 {killed.Name} (pid {killed.Id}) in the middle of its batches; {next.Name} takes its place";
    }

    public void Dispose()
    {
        foreach (var process in Processes)
        {
            process.Dispose();
        }
    }

    private CoordinatorProcess StartReplica(int place) => CoordinatorProcess.Start(
        $"replica-{++_started}",
        _directory,
        new Dictionary<string, string>
        {
            ["Coordinator__ConnectionString"] = _bank.CoordinationConnectionString,
            ["Coordinator__Listen"] = Addresses[place],
            ["Coordinator__HttpListen"] = "",
            ["Coordinator__Targets__bank__Shards__main"] = _bank.ConnectionString("coordinator", "coordinator"),
            ["Coordinator__Targets__bank__WorkerRoles__0"] = "bank_worker",
            ["Coordinator__Targets__bank__IgnoredRoles__0"] = "postgres",
            ["Coordinator__Targets__bank__IgnoredRoles__1"] = "bank_owner",
            ["Coordinator__Targets__vault__Shards__main"] = _bank.VaultConnectionString("coordinator", "coordinator"),
            ["Coordinator__Targets__vault__IgnoredRoles__0"] = "postgres",
            ["Coordinator__Targets__vault__IgnoredRoles__1"] = "bank_owner",
            // By default half a minute: nobody waits for so long in a demo.
            ["Coordinator__Timings__FenceGrace"] = "00:00:08",
        },
        "serve");

    private CoordinatorProcess StartWorker()
    {
        var name = $"worker-{++_started}";
        return CoordinatorProcess.Start(
            name,
            _directory,
            new Dictionary<string, string> { ["COORDINATOR_TARGET_BANK"] = _bank.ConnectionString("bank_worker", "coordinator-worker") },
            ["worker", "--worker-id", name, .. Addresses.SelectMany(address => (string[])["--address", address])]);
    }
}
