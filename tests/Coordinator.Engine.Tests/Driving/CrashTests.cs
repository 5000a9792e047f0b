using Coordinator.Domain.Applications;
using Coordinator.Domain.Migrations;
using Coordinator.EventStore;

namespace Coordinator.Engine.Tests.Driving;

public class CrashTests
{
    [Fact]
    public async Task The_job_ends_right_although_every_session_is_cut_after_every_event()
    {
        await using var shop = await ShopScenario.CreateAsync();
        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.PlanAsync(ShopScenario.Rename);
        await using var worker = shop.StartWorker();
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);

        // Driver claims, listeners, DDL, fences, batches: whatever runs when a new event shows loses its connection.
        var cuts = 0;
        for (var seen = 0L; ;)
        {
            var view = await shop.WaitForAsync(now => now.Revision > seen || now.State.IsFinished, "the migration moves on");
            seen = view.Revision;
            if (view.State.IsFinished)
            {
                break;
            }

            cuts++;
            await CutAsync(shop.Coordination);
            await CutAsync(shop.Target);
        }

        Assert.True(cuts > 5);
        await shop.WaitForStatusAsync(MigrationStatus.Completed);
        Assert.Equal(2000, await shop.Target.ScalarAsync<long>("select count(*) from review where message = 'comment ' || id"));
        await AssertEachStepOnceAsync(shop);
    }

    [Fact]
    public async Task Another_replica_goes_on_where_one_stopped_at_every_event()
    {
        await using var shop = await ShopScenario.CreateAsync(rows: 200);
        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.PlanAsync(ShopScenario.Rename);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        for (var seen = 0L; ;)
        {
            await using (shop.StartWorker())
            {
                var view = await shop.WaitForAsync(now => now.Revision > seen || now.State.IsFinished, "the migration moves on");
                seen = view.Revision;
                if (view.State.IsFinished)
                {
                    break;
                }
            }

            await shop.ReplaceReplicaAsync();
        }

        await AssertEachStepOnceAsync(shop);
    }

    private static async Task CutAsync(Testing.TestDatabase database) => await database.ExecuteAsync(
        $"""
        select pg_terminate_backend(pid) from pg_stat_activity
         where datname = '{database.Name}' and application_name like 'coordinator%' and pid <> pg_backend_pid()
        """);

    private static async Task AssertEachStepOnceAsync(ShopScenario shop)
    {
        var history = await shop.Replica.Get<IEventStore>().Query.FetchStreamAsync("migration-rename-comment");
        var completed = history.Select(happened => happened.Data).OfType<MigrationEvent.StepCompleted>().Select(step => step.Step).ToList();

        Assert.Equal(completed.Distinct(), completed);
        Assert.Equal(0L, await shop.Target.ScalarAsync<long>("select count(*) from coordinator.ledger where state <> 'done'"));
    }
}
