using Coordinator.Engine.Targets;
using Coordinator.Engine.Tests.Driving;
using Coordinator.Postgres.Locks;
using Coordinator.Testing;

namespace Coordinator.Engine.Tests.Gate;

/// <summary>
/// One coordination database, some targets, two replicas that serve callers and two that drive: the second pair is killed and
/// restarted, so that a caller of the first pair need not tell a refusal from a replica that was taken away.
/// </summary>
internal sealed class GateWorld : IAsyncDisposable
{
    private readonly TestDatabase _coordination;
    private readonly List<EngineReplica> _fronts = [];
    private readonly EngineReplica?[] _drivers = new EngineReplica?[2];
    private readonly SemaphoreSlim _restarting = new(1);
    private int _names;

    private GateWorld(TestDatabase coordination, List<GateLane> lanes, GateMutant? mutant)
    {
        _coordination = coordination;
        Lanes = lanes;
        Mutant = mutant;
    }

    public TestDatabase Coordination => _coordination;

    public IReadOnlyList<GateLane> Lanes { get; }

    public GateMutant? Mutant { get; }

    public static async Task<GateWorld> CreateAsync(int lanes, GateMutant? mutant = null)
    {
        var world = new GateWorld(
            await TestDatabase.CreateAsync(),
            [.. await Task.WhenAll(Enumerable.Range(1, lanes).Select(n => GateLane.CreateAsync($"lane{n}")))],
            mutant);
        world._fronts.Add(await world.StartAsync(drive: false));
        world._fronts.Add(await world.StartAsync(drive: false));
        if (mutant is not null)
        {
            await mutant.InstallAsync(world.Coordination);
        }

        world._drivers[0] = await world.StartAsync(drive: true);
        world._drivers[1] = await world.StartAsync(drive: true);
        return world;
    }

    /// <summary>A replica that serves callers: any of them serves any.</summary>
    public EngineReplica Front(Random random) => _fronts[random.Next(_fronts.Count)];

    /// <summary>A name that no run before has used.</summary>
    public string NewName() => $"gate-{Interlocked.Increment(ref _names)}";

    /// <summary>
    /// Ends the session that makes a replica the migration's driver: the other one takes over, while the first may still be about to
    /// find out.
    /// </summary>
    public Task KillDriverAsync(string migration) => _coordination.ExecuteAsync(
        $"""
        select pg_terminate_backend(pid) from pg_locks
         where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
           and (classid::bigint << 32 | objid::bigint) = {AdvisoryLockKey.ForName("migration-driver", migration).Value} and objsubid = 1
        """);

    /// <summary>Takes a driving replica away and starts another.</summary>
    public async Task RestartDriverAsync(Random random)
    {
        var place = random.Next(_drivers.Length);
        await _restarting.WaitAsync();
        try
        {
            await _drivers[place]!.DisposeAsync();
            _drivers[place] = null;
            _drivers[place] = await StartAsync(drive: true);
        }
        finally
        {
            _restarting.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var replica in _drivers.Concat(_fronts).OfType<EngineReplica>())
        {
            await replica.DisposeAsync();
        }

        foreach (var lane in Lanes)
        {
            await lane.DisposeAsync();
        }

        await _coordination.DisposeAsync();
        _restarting.Dispose();
    }

    private Task<EngineReplica> StartAsync(bool drive) => EngineReplica.StartAsync(
        _coordination.ConnectionString,
        Lanes.ToDictionary(
            lane => lane.Name,
            lane => new TargetOptions
            {
                Shards = { ["main"] = lane.Roles.CoordinatorConnectionString },
                IgnoredRoles = { "postgres", lane.Roles.Owner },
            }),
        drive,
        new HastyTime(),
        options =>
        {
            // Leases lapse where a run says so, not because a machine is slow.
            options.InstanceLease = TimeSpan.FromHours(1);
            options.FenceGrace = TimeSpan.FromMilliseconds(20);
        });
}
