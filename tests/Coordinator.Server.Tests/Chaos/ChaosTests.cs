using System.Globalization;
using Xunit.Abstractions;

namespace Coordinator.Server.Tests.Chaos;

/// <summary>
/// No batch twice, no row missed, in random runs of the whole service; and the same runs find every broken copy of the
/// protocol. <c>COORDINATOR_CHAOS_SEED</c> replays a run, <c>COORDINATOR_CHAOS_RUNS</c> says how many follow.
/// </summary>
public sealed class ChaosTests(ITestOutputHelper output)
{
    // Some need a worker that is frozen just before its transaction, for as long as a pause takes to come and go.
    private const int MutantSeeds = 60;

    public static TheoryData<int> Mutants => [.. Enumerable.Range(0, ChaosMutant.All.Count)];

    [Fact]
    public Task Every_batch_takes_effect_once_whatever_happens() => HoldsAsync(runs: 3);

    [Fact]
    [Trait("Category", "Long")]
    public Task Every_batch_takes_effect_once_whatever_happens_in_many_runs() =>
        HoldsAsync(Number("COORDINATOR_CHAOS_RUNS") ?? 100);

    [Theory]
    [MemberData(nameof(Mutants))]
    [Trait("Category", "Long")]
    public async Task A_broken_copy_of_the_protocol_is_found(int index)
    {
        var mutant = ChaosMutant.All[index];
        for (var seed = 1; seed <= MutantSeeds; seed++)
        {
            var result = await ChaosRun.RunAsync(seed, mutant);
            output.WriteLine($"{mutant}: {result}");
            if (result.Violations.Any(IsProof))
            {
                return;
            }
        }

        Assert.Fail($"'{mutant}' passed {MutantSeeds} runs");
    }

    private async Task HoldsAsync(int runs)
    {
        var first = Number("COORDINATOR_CHAOS_SEED") ?? Random.Shared.Next(1_000_000);
        var takeovers = 0L;
        for (var seed = first; seed < first + runs; seed++)
        {
            var result = await ChaosRun.RunAsync(seed);
            output.WriteLine(result.ToString());
            Assert.True(result.Violations.Count == 0, $"{result}\nReplay it with COORDINATOR_CHAOS_SEED={seed} COORDINATOR_CHAOS_RUNS=1.");
            takeovers += result.Takeovers;
        }

        Assert.True(takeovers > 0, "no lease ever lapsed");
    }

    // That it stands still proves nothing against the protocol.
    private static bool IsProof(string violation) => !violation.StartsWith("STUCK", StringComparison.Ordinal);

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
