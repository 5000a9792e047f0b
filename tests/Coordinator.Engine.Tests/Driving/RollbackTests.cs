using Coordinator.Domain.Applications;
using Coordinator.Domain.Migrations;
using Npgsql;

namespace Coordinator.Engine.Tests.Driving;

public class RollbackTests
{
    [Fact]
    public async Task A_rollback_waits_for_the_new_version_and_names_it()
    {
        await using var shop = await ReadyForNewVersionAsync();
        await shop.HeartbeatAsync("new-1", 2);

        await shop.Commands.RollBackAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);

        // A look of the contract's gate that was under way may have named the old instance once more.
        var waiting = await shop.WaitForAsync(
            view => view.State.Blockers.Any(blocker => blocker.Subject == "shop-api/new-1"), "the rollback names a blocker");
        Assert.Single(waiting.State.Blockers);
        await shop.Target.ExecuteAsync("update review set message = 'by the new version' where id = 1");
        Assert.Equal("by the new version", await shop.Target.ScalarAsync<string>("select comment from review where id = 1"));
        var refused = await Assert.ThrowsAsync<EngineException>(() => shop.HeartbeatAsync("new-2", 2));
        Assert.Equal("VERSION_NOT_READY", refused.Rejection.Code);

        await shop.Instances.LeaveAsync("shop-api", "new-1", CancellationToken.None);
        await shop.WaitForStatusAsync(MigrationStatus.RolledBack);
        Assert.Equal("comment", await NamesAsync(shop));
        Assert.Equal("by the new version", await shop.Target.ScalarAsync<string>("select comment from review where id = 1"));
        await shop.Target.ExecuteAsync("insert into review (id, comment) values (100000, 'works')");
        await shop.HeartbeatAsync("old-2", 1);
    }

    [Fact]
    public async Task A_session_of_the_new_version_holds_a_rollback_too()
    {
        await using var shop = await ReadyForNewVersionAsync();
        var label = shop.Target.ConnectionStringFor(shop.Roles.Application, "shop-api@2") + ";Pooling=false";
        await using (var session = new NpgsqlConnection(label))
        {
            await session.OpenAsync();
            await shop.Commands.RollBackAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
            await shop.WaitForAsync(
                view => view.State.Blockers.Any(blocker => blocker.Code == "SESSION_OF_NEW_VERSION"),
                "the witness names the session");
        }

        await shop.WaitForStatusAsync(MigrationStatus.RolledBack);
    }

    [Fact]
    public async Task After_a_retirement_a_rollback_lets_old_versions_come_back()
    {
        await using var shop = await ReadyForNewVersionAsync();
        await shop.ExpectAsync(ExpectedPopulation.None);
        var label = shop.Target.ConnectionStringFor(shop.Roles.Application, "shop-api@1") + ";Pooling=false";
        await using var session = new NpgsqlConnection(label);
        await session.OpenAsync();
        await shop.Instances.LeaveAsync("shop-api", "old-1", CancellationToken.None);
        await shop.WaitForAsync(view => view.State.Gate == GateStage.Retired, "the old version is retired");
        await Assert.ThrowsAsync<EngineException>(() => shop.HeartbeatAsync("old-2", 1));

        await shop.Commands.RollBackAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await shop.HeartbeatAsync("old-2", 1);
        await shop.WaitForStatusAsync(MigrationStatus.RolledBack);
        Assert.Equal("comment", await NamesAsync(shop));
    }

    [Fact]
    public async Task A_rollback_in_the_middle_of_the_backfill_fences_it_first()
    {
        await using var shop = await ShopScenario.CreateAsync();
        await shop.PlanAsync(ShopScenario.Rename);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        var batch = await PauseTests.LeaseOneAsync(shop);

        await shop.Commands.RollBackAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await PauseTests.AssertFencedAsync(shop, batch);
        await shop.WaitForStatusAsync(MigrationStatus.RolledBack);
        Assert.Equal("comment", await NamesAsync(shop));
    }

    [Fact]
    public async Task A_rollback_leaves_a_column_alone_that_the_migration_did_not_make()
    {
        await using var shop = await ShopScenario.CreateAsync(rows: 10, drive: false);
        await shop.PlanAsync(ShopScenario.Rename);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await shop.Target.ExecuteAsync("alter table review add column message text");
        await shop.Commands.RollBackAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await shop.ReplaceReplicaAsync();
        await shop.WaitForStatusAsync(MigrationStatus.RolledBack);

        Assert.Equal("comment,message", await NamesAsync(shop));
    }

    private static async Task<ShopScenario> ReadyForNewVersionAsync()
    {
        var shop = await ShopScenario.CreateAsync();
        await shop.ExpectAsync(ExpectedPopulation.Of(1));
        await shop.HeartbeatAsync("old-1", 1);
        await shop.PlanAsync(ShopScenario.Rename);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await using var worker = shop.StartWorker();
        await shop.WaitForAsync(view => view.State.Gate == GateStage.Draining, "the gate waits for the old version");
        return shop;
    }

    private static Task<string> NamesAsync(ShopScenario shop) => shop.Target.ScalarAsync<string>(
        """
        select string_agg(column_name, ',' order by column_name) from information_schema.columns
         where table_name = 'review' and column_name in ('comment', 'message')
        """);
}
