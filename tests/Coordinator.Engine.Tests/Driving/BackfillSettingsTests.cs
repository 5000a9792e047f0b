using Coordinator.Domain.Backfills;
using Coordinator.Engine.Migrations;
using Coordinator.EventStore;
using Coordinator.Testing;

namespace Coordinator.Engine.Tests.Driving;

public class BackfillSettingsTests
{
    private const string Settings =
        "\nbackfill: { max_wait: 40ms, max_parallel: 3, batch_rows: 500, pause_between: 1s, quiet_hours: 22:00-06:00, check: select true }\n";

    [Fact]
    public async Task What_the_specification_sets_holds_from_the_first_batch_on_and_can_be_changed()
    {
        await using var shop = await ShopScenario.CreateAsync();
        await shop.PlanAsync(ShopScenario.Rename + Settings);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await Eventually.TrueAsync(
            () => shop.Coordination.ScalarAsync<bool>("select exists (select from coordinator.backfill_pace)"), "the backfill is open");

        Assert.Equal(
            "00:00:00.04 3 500 00:00:01 22:00-06:00 select true",
            await shop.Coordination.ScalarAsync<string>(
                "select concat_ws(' ', max_wait, max_parallel, batch_rows, pause_between, quiet_hours, check_sql) from coordinator.backfill_pace"));
        await shop.Replica.Get<Engine.Pacing.BackfillCommands>().TuneAsync(
            "rename-comment",
            "migrate-1-backfill",
            new BackfillCommand.Tune("ann", null, null) { MaxWait = TimeSpan.FromMilliseconds(80) },
            ShopScenario.Operator,
            CancellationToken.None);
        Assert.Equal(
            "00:00:00.08 3", await shop.Coordination.ScalarAsync<string>("select concat_ws(' ', max_wait, max_parallel) from coordinator.backfill_pace"));
        var state = (await BackfillStream.LoadAsync(shop.Replica.Get<IEventStore>(), "rename-comment", "migrate-1-backfill", CancellationToken.None)).State;
        Assert.Equal((TimeSpan.FromMilliseconds(80), 3), (state.MaxWait, state.MaxParallel));
    }
}
