using Coordinator.Engine.Readiness;
using Coordinator.Engine.Tests.Driving;

namespace Coordinator.Engine.Tests.Readiness;

public class AdmissionReadinessTests
{
    [Fact]
    public async Task A_version_whose_structure_is_completed_in_the_middle_of_the_question_never_needs_a_person()
    {
        await using var shop = await ShopScenario.CreateAsync(rows: 1, drive: false);
        await shop.PlanAsync(ShopScenario.Rename);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        var readiness = shop.Replica.Get<ReadinessQueries>();
        var verdicts = new HashSet<Verdict> { (await AskAsync()).Verdict };
        Assert.Equal([Verdict.Wait], verdicts);

        var changing = ChangeAsync();
        while (!changing.IsCompleted)
        {
            verdicts.Add((await AskAsync()).Verdict);
        }

        await changing;
        Assert.Equal([Verdict.Ready, Verdict.Wait], verdicts.Order());
        Task<ReadinessVerdict> AskAsync() => readiness.DeployAsync("shop-api", 2, CancellationToken.None);
        async Task ChangeAsync()
        {
            for (var round = 0; round < 300; round++)
            {
                await shop.Coordination.ExecuteAsync("update coordinator.application_limit set ceiling = null");
                await shop.Coordination.ExecuteAsync("update coordinator.application_limit set ceiling = 2");
            }
        }
    }
}
