using Coordinator.Domain.Migrations;
using Coordinator.Engine.Applications;
using Coordinator.Engine.Migrations;

namespace Coordinator.Engine.Tests.Gate;

/// <summary>What the instances and the operator of one run ask of the service, each time of some replica, and what they were told.</summary>
internal sealed class GateService(GateWorld world, string name)
{
    private readonly Lock _lock = new();
    private int _unRetirementsBegun;
    private int _unRetirementsEnded;
    private bool _isRetired;

    public static RequestContext Operator { get; } = new("ann");

    /// <summary>How often somebody has begun to let old versions come back.</summary>
    public int UnRetirements => Volatile.Read(ref _unRetirementsBegun);

    /// <summary>Whether no order to let old versions come back was under way then, nor was given since.</summary>
    public bool IsNotTakenBackSince(int begunBefore) =>
        begunBefore == Volatile.Read(ref _unRetirementsEnded) && begunBefore == Volatile.Read(ref _unRetirementsBegun);

    /// <summary>Whether old versions are known to be retired, by an order or by the gate itself.</summary>
    public async Task<bool> IsRetiredAsync(Random random) => Volatile.Read(ref _isRetired)
        || (random.Next(2) == 0 && (await ViewAsync(random)).State.Gate is GateStage.Retired or GateStage.Passed);

    /// <summary>A heartbeat; true when it was acknowledged.</summary>
    public async Task<bool> BeatAsync(GateInstance instance, Random random, bool first = false)
    {
        var report = new InstanceReport(name, instance.Id, 1, "");
        try
        {
            if (first && world.Mutant?.RegisterAsync(world.Coordination, report, random) is { } mutant)
            {
                return await mutant;
            }

            await world.Front(random).Get<InstanceRegistry>().HeartbeatAsync(report, CancellationToken.None);
            instance.HasLapsed = false;
            return true;
        }
        catch (EngineException)
        {
            // Retired; a mutant may also have made it unknown.
            return false;
        }
    }

    public Task LeaveAsync(GateInstance instance, Random random) =>
        world.Front(random).Get<InstanceRegistry>().LeaveAsync(name, instance.Id, CancellationToken.None);

    public Task AttestGoneAsync(GateInstance instance, Random random) => OrderAsync(() => world.Front(random).Get<InstanceRegistry>()
        .AttestGoneAsync(name, instance.Id, "its node burned down", Operator, CancellationToken.None));

    /// <summary>An instance of the new version.</summary>
    public Task DeployAsync(string instance, Random random) =>
        world.Front(random).Get<InstanceRegistry>().HeartbeatAsync(new InstanceReport(name, instance, 2, ""), CancellationToken.None);

    /// <summary>No heartbeat of the instance was heard for a lease.</summary>
    public Task LapseAsync(GateInstance instance)
    {
        instance.HasLapsed = true;
        return world.Coordination.ExecuteAsync(
            $"""
            update coordinator.instance set expires_at = clock_timestamp() - interval '1 hour'
             where application = '{name}' and instance = '{instance.Id}'
            """);
    }

    public Task RetireAsync(Random random) => OrderAsync(async () =>
    {
        var before = UnRetirements;
        await world.Front(random).Get<RetirementCommands>().RetireAsync(name, "no more of them", Operator, CancellationToken.None);
        lock (_lock)
        {
            _isRetired |= IsNotTakenBackSince(before);
        }
    });

    public async Task UnRetireAsync(Random random)
    {
        lock (_lock)
        {
            _isRetired = false;
            _unRetirementsBegun++;
        }

        await OrderAsync(() => world.Front(random).Get<RetirementCommands>().UnRetireAsync(
            name, "too early", Operator, CancellationToken.None));
        Interlocked.Increment(ref _unRetirementsEnded);
    }

    /// <summary>
    /// True when old versions may write because somebody took the retirement back: they may start from the record on, but the order is
    /// acknowledged only when their roles are open again.
    /// </summary>
    public async Task<bool> LiftedAsync()
    {
        while (UnRetirements != Volatile.Read(ref _unRetirementsEnded))
        {
            await world.Coordination.ExecuteAsync("select");
        }

        return UnRetirements > 0;
    }

    public Task<MigrationView> ViewAsync(Random random) =>
        world.Front(random).Get<MigrationQueries>().GetAsync(name, CancellationToken.None);

    /// <summary>A while that is counted in looks, so that actions fall between any two steps of the gate.</summary>
    public async Task SpinAsync(Random random, int most = 8)
    {
        for (var look = random.Next(most); look > 0; look--)
        {
            await world.Coordination.ExecuteAsync("select");
        }
    }

    /// <summary>Leaves nothing where every replica reads everything; the application's row is locked first, as the engine locks it.</summary>
    public Task ForgetAsync() => world.Coordination.ExecuteAsync(
        $"""
        select from coordinator.application where name = '{name}' for update;
        delete from coordinator.application_limit where application = '{name}';
        delete from coordinator.application_version where application = '{name}';
        delete from coordinator.instance where application = '{name}';
        delete from coordinator.application where name = '{name}';
        """);

    // A refusal is an answer: not yet, or too late.
    private static async Task OrderAsync(Func<Task> order)
    {
        try
        {
            await order();
        }
        catch (EngineException)
        {
        }
    }
}
