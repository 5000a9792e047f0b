using Coordinator.Testing;
using Xunit.Abstractions;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>
/// Exactly once under random schedules, with the real statements on a real server; and that the same schedules find
/// every broken copy of the protocol, without which a zero would say nothing.
/// </summary>
public sealed class ScheduleTests(InstalledTargetFixture fixture, ITestOutputHelper output) : IClassFixture<InstalledTargetFixture>
{
    private const int MutantSeeds = 12;

    public static TheoryData<int> Mutants => [.. Enumerable.Range(0, ProtocolVariant.Mutants.Count)];

    [Fact]
    public Task Every_batch_is_applied_exactly_once() => HoldsAsync(seeds: 3);

    [Fact]
    [Trait("Category", "Long")]
    public Task Every_batch_is_applied_exactly_once_under_many_schedules() => HoldsAsync(seeds: 300);

    [Theory]
    [MemberData(nameof(Mutants))]
    public async Task Mutants_are_found(int index)
    {
        var mutant = ProtocolVariant.Mutants[index];
        await using var target = await InstalledTarget.CreateAsync();
        await mutant.Install(target);

        for (var seed = 1; seed <= MutantSeeds; seed++)
        {
            var result = await new ScheduleSimulation(
                await BatchTarget.CreateAsync(target, ScheduleSimulation.Batches), mutant, seed).RunAsync();
            output.WriteLine($"{mutant}: {result}");
            if (result.Violated)
            {
                return;
            }
        }

        Assert.Fail($"'{mutant}' passed {MutantSeeds} schedules");
    }

    private async Task HoldsAsync(int seeds)
    {
        var first = Random.Shared.Next(1_000_000);
        for (var seed = first; seed < first + seeds; seed++)
        {
            var result = await new ScheduleSimulation(
                await BatchTarget.CreateAsync(fixture.Target, ScheduleSimulation.Batches), ProtocolVariant.Real, seed).RunAsync();
            output.WriteLine(result.ToString());
            Assert.False(result.Violated, result.ToString());
            Assert.True(result.Takeovers > 0 && result.Crashes > 0, $"nothing happened: {result}");
        }
    }
}
