using System.Collections.Concurrent;
using Coordinator.Domain.Applications;
using Coordinator.Domain.Migrations;
using Coordinator.Engine.Applications;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Specs;
using Coordinator.Testing;

namespace Coordinator.Engine.Tests.Gate;

/// <summary>
/// One migration from its start to its contract, while instances of the old version come, pause, wake, crash and leave in an order
/// that a seed decides, and its drivers are killed. An instance that was told that it may run, and has not begun to end, writes
/// through the old structure; if that fails, the contract has run too early. The seed repeats what is done, not how the operating
/// system schedules it: a seed that failed once fails again soon, not always at once.
/// </summary>
internal sealed class GateRun
{
    private readonly GateWorld _world;
    private readonly GateLane _lane;
    private readonly Random _random;
    private readonly string _name;
    private readonly bool _strict;
    private readonly GateService _service;
    private readonly GateWriter _writer;
    private readonly CancellationToken _enough;
    private readonly ConcurrentQueue<string> _violations = [];
    private readonly Lock _lock = new();
    private readonly List<GateInstance> _resting = [];
    private int _born;

    private GateRun(GateWorld world, GateLane lane, int seed, CancellationToken enough)
    {
        _enough = enough;
        _world = world;
        _lane = lane;
        _random = new Random(seed);
        _name = world.NewName();
        // The unsafe variants are those without a fence in the target.
        _strict = seed % 2 == 0 && world.Mutant is null;
        _service = new GateService(world, _name);
        _writer = new GateWriter(lane, _name, _strict, _service.LiftedAsync, _violations.Enqueue);
    }

    /// <summary>What went wrong; nothing is waited for any more when it is enough.</summary>
    public static async Task<IReadOnlyList<string>> RunAsync(GateWorld world, GateLane lane, int seed, CancellationToken enough)
    {
        await lane.ResetAsync();
        var run = new GateRun(world, lane, seed, enough);
        await run.OpenAsync();
        for (var step = run._random.Next(3, 9); step > 0; step--)
        {
            await run.StepAsync();
        }

        await run.EndAsync();
        return [.. run._violations];
    }

    private async Task OpenAsync()
    {
        var front = _world.Front(_random);
        await front.Get<InstanceRegistry>().SetPopulationAsync(_name, ExpectedPopulation.None, GateService.Operator, CancellationToken.None);
        // The first of a version is an event; also where a broken registration takes the place of the real one later.
        await front.Get<InstanceRegistry>().HeartbeatAsync(new InstanceReport(_name, "first", 1, ""), CancellationToken.None);
        _resting.Add(new GateInstance("first", ++_born, keepsSession: false));
        var rule = _strict ? $", mode: strict, roles: \"{_lane.RolePattern}\"" : "";
        var spec = Assert.IsType<SpecReadResult.Spec>(YamlSpecReader.Read(
            $$"""
            migration: {{_name}}
            target: {{_lane.Name}}
            versions:
              {{_name}}: { uses_new_from: 2, free_of_old_from: 2{{rule}} }
            operations:
              - raw_sql: { table: item, contract: alter table item drop column legacy }
            """)).Value;
        var commands = front.Get<MigrationCommands>();
        await commands.PlanAsync(spec, GateService.Operator, CancellationToken.None);
        await commands.StartAsync(_name, GateService.Operator, CancellationToken.None);
    }

    private Task StepAsync() => _random.Next(100) switch
    {
        < 60 => ActAsync(),
        < 85 => Task.WhenAll(Enumerable.Range(0, _random.Next(2, 6)).Select(_ => ActAsync())),
        < 93 => _service.SpinAsync(new Random(_random.Next())),
        < 94 => _world.RestartDriverAsync(_random),
        // The gate closes while others register.
        _ => Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => LeaveAsync(new Random(_random.Next())))
                .Concat(Enumerable.Range(0, 3).Select(_ => RegisterAsync(new Random(_random.Next()))))),
    };

    private Task ActAsync()
    {
        var random = new Random(_random.Next());
        return random.Next(100) switch
        {
            < 26 => RegisterAsync(random),
            < 34 => RenewAsync(random),
            < 52 => PauseAsync(random),
            < 62 => WakeAsync(random),
            < 78 => LeaveAsync(random),
            < 83 => CrashAsync(random),
            < 87 => _service.DeployAsync($"new-{Interlocked.Increment(ref _born)}", random),
            < 93 => _world.KillDriverAsync(_name),
            < 97 => _service.RetireAsync(random),
            _ => _service.UnRetireAsync(random),
        };
    }

    private async Task RegisterAsync(Random random)
    {
        await _service.SpinAsync(random);
        var number = Interlocked.Increment(ref _born);
        var instance = new GateInstance($"old-{number}", number, keepsSession: random.Next(3) == 0);
        var before = _service.UnRetirements;
        var retired = await _service.IsRetiredAsync(random);
        if (await _service.BeatAsync(instance, random, first: true))
        {
            if (retired && _service.IsNotTakenBackSince(before))
            {
                _violations.Enqueue($"REGISTERED: {instance} after the retirement was acknowledged");
            }

            await _writer.WriteAsync(instance, random);
            Put(instance);
        }
    }

    private async Task RenewAsync(Random random)
    {
        if (Take(instance => !instance.HasLapsed) is { } instance)
        {
            await _service.BeatAsync(instance, random);
            await _writer.WriteAsync(instance, random);
            Put(instance);
        }
    }

    /// <summary>It stands still for so long that its lease lapses, perhaps in the middle of a transaction.</summary>
    private async Task PauseAsync(Random random)
    {
        if (Take(instance => !instance.HasLapsed) is { } instance)
        {
            if (random.Next(4) == 0)
            {
                await _writer.BeginAsync(instance);
            }

            await _service.LapseAsync(instance);
            Put(instance);
        }
    }

    /// <summary>It goes on as if nothing had happened, and finds another replica.</summary>
    private async Task WakeAsync(Random random)
    {
        if (Take(instance => instance.HasLapsed) is { } instance)
        {
            if (random.Next(2) == 0)
            {
                await _service.BeatAsync(instance, random);
            }

            await _writer.WriteAsync(instance, random);
            await _service.BeatAsync(instance, random);
            Put(instance);
        }
    }

    private async Task LeaveAsync(Random random)
    {
        if (Take(_ => true) is { } instance)
        {
            await LeaveAsync(instance, random);
        }
    }

    private async Task LeaveAsync(GateInstance instance, Random random)
    {
        await _writer.WriteAsync(instance, random);
        var connected = random.Next(2) == 0;
        if (!connected)
        {
            await GateWriter.CloseAsync(instance);
        }

        await _service.LeaveAsync(instance, random);
        await GateWriter.CloseAsync(instance);
    }

    /// <summary>It ends without a good-bye; somebody who knows says so.</summary>
    private async Task CrashAsync(Random random)
    {
        if (Take(_ => true) is { } instance)
        {
            await CrashAsync(instance, random);
        }
    }

    private async Task CrashAsync(GateInstance instance, Random random)
    {
        await _writer.WriteAsync(instance, random);
        await _service.LapseAsync(instance);
        await _service.SpinAsync(random);
        await GateWriter.CloseAsync(instance);
        await _service.AttestGoneAsync(instance, random);
    }

    /// <summary>
    /// Everybody goes, while others still come: with a good-bye, on somebody's word, or in strict mode left to the fence. Some stand
    /// still meanwhile; that these are not gone is what a gate must not forget.
    /// </summary>
    private async Task EndAsync()
    {
        var late = Enumerable.Range(0, _random.Next(4)).Select(_ => RegisterAsync(new Random(_random.Next()))).ToList();
        var still = new List<GateInstance>();
        while (Take(_ => true) is { } instance)
        {
            if (_random.Next(2) == 0)
            {
                await _service.LapseAsync(instance);
                still.Add(instance);
            }
            else
            {
                await GoAsync(instance);
            }
        }

        await _service.SpinAsync(_random, most: 300);
        await Task.WhenAll(late);
        var left = _strict ? still.Where(_ => _random.Next(2) == 0).ToList() : [];
        foreach (var instance in still.Except(left))
        {
            await GoAsync(instance);
        }

        while (Take(_ => true) is { } instance)
        {
            await GoAsync(instance);
        }

        if (_service.UnRetirements > 0)
        {
            await _service.RetireAsync(_random);
        }

        await WaitForContractAsync();
        foreach (var instance in left)
        {
            await _writer.WriteAsync(instance, _random);
            await _service.BeatAsync(instance, _random);
            await GateWriter.CloseAsync(instance);
        }

        await FinallyAsync();
    }

    private Task GoAsync(GateInstance instance) => _random.Next(3) == 0
        ? CrashAsync(instance, new Random(_random.Next()))
        : LeaveAsync(instance, new Random(_random.Next()));

    private async Task FinallyAsync()
    {
        if (_world.Mutant is null && await _service.BeatAsync(new GateInstance("latecomer", 1, keepsSession: false), _random, first: true))
        {
            _violations.Enqueue("REGISTERED: a latecomer, after the contract");
        }

        if (await _lane.LateWritesAsync() is > 0 and var writes)
        {
            _violations.Enqueue($"WRITTEN: {writes} writes of an old version after the contract");
        }

        await _service.ForgetAsync();
    }

    private async Task WaitForContractAsync()
    {
        MigrationView? view = null;
        try
        {
            await Eventually.TrueAsync(
                async () => (view = await _service.ViewAsync(_random)).State.Status == MigrationStatus.Completed
                    || view.State.Steps.Values.Any(step => step.Status == StepStatus.Failed)
                    || _enough.IsCancellationRequested,
                "the contract runs");
        }
        catch (TimeoutException)
        {
            // Told below.
        }

        if (view!.State.Status != MigrationStatus.Completed && !_enough.IsCancellationRequested)
        {
            _violations.Enqueue(
                $"STUCK: {view.State.Gate}, '{view.Activity}', "
                + string.Join("; ", view.State.Blockers.Select(blocker => $"{blocker.Code} {blocker.Subject}")
                    .Concat(view.State.Steps.Values.Where(step => step.FailureCode is not null).Select(step => step.FailureReason))));
        }
    }

    private GateInstance? Take(Func<GateInstance, bool> condition)
    {
        lock (_lock)
        {
            var fitting = _resting.Where(condition).ToList();
            if (fitting.Count == 0)
            {
                return null;
            }

            var taken = fitting[_random.Next(fitting.Count)];
            _resting.Remove(taken);
            return taken;
        }
    }

    private void Put(GateInstance instance)
    {
        lock (_lock)
        {
            _resting.Add(instance);
        }
    }
}
