using System.Globalization;
using Xunit.Abstractions;

namespace Coordinator.EndToEnd.Tests.Gate;

/// <summary>
/// The contract gate with real processes: an instance is paused, the service killed, its database crashed.
/// <c>COORDINATOR_PAUSE_RUNS</c> says how many runs, from seed <c>COORDINATOR_PAUSE_SEED</c>.
/// </summary>
public sealed class PausedInstanceTests(ITestOutputHelper output)
{
    [Fact]
    [Trait("Category", "Long")]
    public async Task A_paused_instance_keeps_the_gate_shut_or_is_kept_out_by_the_target()
    {
        await using var world = await PausedWorld.CreateAsync();
        var first = Number("COORDINATOR_PAUSE_SEED") ?? 1;
        for (var seed = first; seed < first + (Number("COORDINATOR_PAUSE_RUNS") ?? 30); seed++)
        {
            output.WriteLine($"seed {seed}");
            await new PausedRun(world, seed).RunAsync();
        }
    }

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
