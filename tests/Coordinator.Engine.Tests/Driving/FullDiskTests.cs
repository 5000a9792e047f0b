using Coordinator.Domain.Applications;
using Coordinator.Domain.Backfills;
using Coordinator.Domain.Migrations;
using Coordinator.Engine.Migrations;

namespace Coordinator.Engine.Tests.Driving;

/// <summary>
/// No space in the target: the backfill is held with the reason, and goes on by itself or after a resume. What a real full
/// disk does to a batch is shown with the worker's tests; here a trigger says the same.
/// </summary>
public class FullDiskTests
{
    private const string Full =
        """
        create table disk_is_full ();
        create function extend() returns trigger language plpgsql security definer as $$
        begin
          if to_regclass('public.disk_is_full') is not null then
            raise exception using errcode = '53100', message = 'could not extend file "base/1/2": No space left on device';
          end if;
          return null;
        end $$;
        create trigger extend before update on review for each statement execute function extend()
        """;

    [Fact]
    public async Task A_backfill_without_space_says_so_and_goes_on_by_itself()
    {
        await using var shop = await StartAsync(TimeSpan.FromSeconds(2));
        await using var worker = shop.StartWorker();

        await HeldAsync(shop);
        await shop.Target.ExecuteAsync("drop table disk_is_full");
        await shop.WaitForStatusAsync(MigrationStatus.Completed);

        Assert.Equal(2000L, await shop.Target.ScalarAsync<long>("select count(*) from review where message = 'comment ' || id"));
        var history = (await shop.Replica.Get<MigrationQueries>().HistoryAsync("rename-comment", 1000, "", CancellationToken.None)).Entries;
        var paused = Assert.IsType<BackfillEvent.Paused>(Assert.Single(history, entry => entry.Event.Data is BackfillEvent.Paused).Event.Data);
        Assert.Contains("No space left on device", paused.Reason, StringComparison.Ordinal);
        Assert.Single(history, entry => entry.Event.Data is BackfillEvent.Resumed);
    }

    [Fact]
    public async Task A_resume_tries_at_once()
    {
        await using var shop = await StartAsync(TimeSpan.FromHours(1));
        await using var worker = shop.StartWorker();
        await HeldAsync(shop);
        await shop.Target.ExecuteAsync("drop table disk_is_full");

        await shop.Commands.PauseAsync("rename-comment", "making room", ShopScenario.Operator, CancellationToken.None);
        await shop.Commands.ResumeAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);

        await shop.WaitForStatusAsync(MigrationStatus.Completed);
    }

    private static async Task<ShopScenario> StartAsync(TimeSpan pause)
    {
        var shop = await ShopScenario.CreateAsync(configure: options => options.FullDiskPause = pause);
        await shop.Target.ExecuteAsync(Full);
        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.PlanAsync(ShopScenario.Rename);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        return shop;
    }

    private static async Task HeldAsync(ShopScenario shop)
    {
        var held = await shop.WaitForAsync(
            view => view.Backfills is [{ Paces: [{ Signal: "disk_full" }] }] && view.Activity.Contains("No space left", StringComparison.Ordinal),
            "the backfill is held, and says why");
        Assert.Equal("STOP", held.Backfills[0].Paces[0].Move);
        Assert.Contains("the target has no space left", held.Activity, StringComparison.Ordinal);
        Assert.Equal(0, await shop.Coordination.ScalarAsync<int>("select parallelism from coordinator.backfill_pace"));
        Assert.All(held.State.Steps.Values, step => Assert.NotEqual(StepStatus.Failed, step.Status));
    }
}
