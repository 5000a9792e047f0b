using Coordinator.Domain.Applications;
using Coordinator.Domain.Migrations;

namespace Coordinator.Engine.Tests.Driving;

/// <summary>One job from plan to contract, whose rows the tests of a class read.</summary>
public sealed class FinishedShop : IAsyncLifetime
{
    internal ShopScenario Shop { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Shop = await ShopScenario.CreateAsync(rows: 200);
        await Shop.ExpectAsync(ExpectedPopulation.None);
        await Shop.HeartbeatAsync("old-1", 1);
        await Shop.PlanAsync(ShopScenario.Rename);
        await Shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await using var worker = Shop.StartWorker();
        await Shop.WaitForAsync(view => view.State.Blockers.Count > 0, "the gate waits");
        await Shop.Commands.PauseAsync("rename-comment", "a look", ShopScenario.Operator, CancellationToken.None);
        await Shop.Commands.ResumeAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await Shop.Instances.LeaveAsync("shop-api", "old-1", CancellationToken.None);
        await Shop.WaitForStatusAsync(MigrationStatus.Completed);
    }

    public async Task DisposeAsync() => await Shop.DisposeAsync();
}
