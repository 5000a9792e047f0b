using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Xunit.Abstractions;

namespace Coordinator.Engine.Tests.Gate;

/// <summary>
/// The contract never runs while an instance of an old version may still run, in random runs of the real engine; and the same runs
/// find every unsafe gate. <c>COORDINATOR_GATE_SEED</c> replays a run, <c>COORDINATOR_GATE_RUNS</c> says how many follow.
/// </summary>
public sealed class GateTests(ITestOutputHelper output)
{
    private const int Lanes = 4;
    private const int MostMutantRuns = 2000;

    public static TheoryData<int> Mutants => [.. Enumerable.Range(0, GateMutant.All.Count)];

    [Fact]
    public Task The_contract_never_meets_an_instance_that_may_run() => HoldsAsync(runs: 20);

    [Fact]
    [Trait("Category", "Long")]
    public Task The_contract_never_meets_an_instance_that_may_run_in_many_runs() => HoldsAsync(Number("COORDINATOR_GATE_RUNS") ?? 1000);

    [Theory]
    [MemberData(nameof(Mutants))]
    public async Task An_unsafe_gate_is_found(int index)
    {
        var mutant = GateMutant.All[index];
        await using var world = await GateWorld.CreateAsync(Lanes, mutant);
        // That it stands still, or that somebody registers too late, proves nothing yet: an old version has to meet the contract.
        var found = await RunAsync(world, first: 1, MostMutantRuns, IsProof);
        output.WriteLine($"{mutant}: {found}");
        Assert.NotNull(found);
    }

    private async Task HoldsAsync(int runs)
    {
        var first = Number("COORDINATOR_GATE_SEED") ?? Random.Shared.Next(1_000_000);
        var started = Stopwatch.GetTimestamp();
        await using var world = await GateWorld.CreateAsync(Lanes);
        var found = await RunAsync(world, first, runs, _ => true);
        output.WriteLine($"{runs} runs from seed {first} in {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s");
        Assert.True(found is null, $"{found}\nReplay it with COORDINATOR_GATE_SEED and COORDINATOR_GATE_RUNS=1, several times.");
    }

    /// <summary>The first run in which something went wrong, after so many runs on all lanes at once.</summary>
    private static async Task<string?> RunAsync(GateWorld world, int first, int runs, Func<string, bool> isProof)
    {
        var seeds = new ConcurrentQueue<int>(Enumerable.Range(first, runs));
        string? found = null;
        using var enough = new CancellationTokenSource();
        await Task.WhenAll(world.Lanes.Select(async lane =>
        {
            while (found is null && seeds.TryDequeue(out var seed))
            {
                var proofs = (await GateRun.RunAsync(world, lane, seed, enough.Token)).Where(isProof).ToList();
                if (proofs.Count > 0)
                {
                    Interlocked.CompareExchange(ref found, $"seed {seed}: {string.Join("; ", proofs)}", null);
                    await enough.CancelAsync();
                }
            }
        }));
        return found;
    }

    private static bool IsProof(string violation) => violation.StartsWith("USED", StringComparison.Ordinal) || violation.StartsWith("WRITTEN", StringComparison.Ordinal);

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
