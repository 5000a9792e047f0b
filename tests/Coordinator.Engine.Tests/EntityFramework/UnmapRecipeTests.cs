using Coordinator.Client.EntityFrameworkCore;
using Coordinator.Domain.Applications;
using Coordinator.Domain.Migrations;
using Coordinator.Engine.Tests.Driving;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Coordinator.Engine.Tests.EntityFramework;

/// <summary>
/// "Unmap the property now, drop the column later": contexts of both versions work on one table while a migration goes through its
/// stages; the newer one never notices, and the older one shows that there was something to notice.
/// </summary>
public sealed class UnmapRecipeTests
{
    private static readonly long Version1 = EntityFrameworkSchemaVersion.Of<ShopOfVersion1>();
    private static readonly long Version2 = EntityFrameworkSchemaVersion.Of<ShopOfVersion2>();

    [Fact]
    public async Task An_unmapped_column_is_dropped_under_the_running_program()
    {
        await using var shop = await ShopScenario.CreateAsync(rows: 20);
        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.HeartbeatAsync("old", Version1);
        await shop.HeartbeatAsync("new", Version2);
        await WorkAsync(Old(shop), 101);
        await WorkAsync(New(shop, text: "comment", withStars: false), 201);

        await StartAsync(shop, "raw_sql: { table: review, contract: alter table review drop column stars }");
        await shop.WaitForAsync(view => view.State.Gate == GateStage.Draining, "the gate is reached");
        await WorkAsync(Old(shop), 102);
        await WorkAsync(New(shop, text: "comment", withStars: false), 202);

        await shop.Instances.LeaveAsync("shop-api", "old", CancellationToken.None);
        await shop.WaitForStatusAsync(MigrationStatus.Completed);
        await WorkAsync(New(shop, text: "comment", withStars: false), 203);
        await AssertBrokenAsync(Old(shop), 103);
    }

    [Fact]
    public async Task A_property_that_is_mapped_to_the_new_name_follows_a_rename()
    {
        await using var shop = await ShopScenario.CreateAsync(rows: 20);
        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.HeartbeatAsync("old", Version1);
        await WorkAsync(Old(shop), 101);

        await StartAsync(shop, "rename_column: { table: review, from: comment, to: message }");
        await using (shop.StartWorker())
        {
            await shop.WaitForAsync(view => view.State.Gate == GateStage.Draining, "the gate is reached");
        }

        await shop.HeartbeatAsync("new", Version2);
        await WorkAsync(Old(shop), 102);
        await WorkAsync(New(shop, text: "message", withStars: true), 202);
        Assert.Equal("102 changed", await TextAsync(New(shop, text: "message", withStars: true), 102));
        Assert.Equal("202 changed", await TextAsync(Old(shop), 202));

        await shop.Instances.LeaveAsync("shop-api", "old", CancellationToken.None);
        await shop.WaitForStatusAsync(MigrationStatus.Completed);
        await WorkAsync(New(shop, text: "message", withStars: true), 203);
        Assert.Equal("102 changed", await TextAsync(New(shop, text: "message", withStars: true), 102));
        await AssertBrokenAsync(Old(shop), 103);
    }

    private static ShopOfVersion1 Old(ShopScenario shop) => new(Connection(shop, Version1));

    private static ShopOfVersion2 New(ShopScenario shop, string text, bool withStars) => new(Connection(shop, Version2), text, withStars);

    // Without a pool: a session of the old version must be gone when its context is.
    private static string Connection(ShopScenario shop, long version) =>
        shop.Target.ConnectionStringFor(shop.Roles.Application, $"shop-api@{version}") + ";Pooling=false";

    private static async Task StartAsync(ShopScenario shop, string operation)
    {
        await shop.PlanAsync(
            $$"""
            migration: rename-comment
            target: shop
            versions:
              shop-api: { uses_new_from: {{Version2}}, free_of_old_from: {{Version2}} }
            operations:
              - {{operation}}
            """);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
    }

    /// <summary>Each kind of statement that Entity Framework sends: insert, select, update, delete.</summary>
    private static async Task WorkAsync(DbContext context, int id)
    {
        await using (context)
        {
            context.Add(new Review { Id = id, Text = "new", Stars = 4 });
            context.Add(new Review { Id = -id, Text = "short-lived" });
            await context.SaveChangesAsync();
            var review = await context.Set<Review>().SingleAsync(row => row.Id == id);
            review.Text = $"{id} changed";
            context.Remove(await context.Set<Review>().SingleAsync(row => row.Id == -id));
            await context.SaveChangesAsync();
            context.ChangeTracker.Clear();
            Assert.Equal(review.Text, (await context.Set<Review>().AsNoTracking().SingleAsync(row => row.Id == id)).Text);
            Assert.False(await context.Set<Review>().AnyAsync(row => row.Id == -id));
        }
    }

    private static async Task<string?> TextAsync(DbContext context, int id)
    {
        await using (context)
        {
            return (await context.Set<Review>().SingleAsync(row => row.Id == id)).Text;
        }
    }

    private static async Task AssertBrokenAsync(DbContext context, int id)
    {
        var broken = await Assert.ThrowsAsync<DbUpdateException>(() => WorkAsync(context, id));
        Assert.Equal(PostgresErrorCodes.UndefinedColumn, Assert.IsType<PostgresException>(broken.InnerException).SqlState);
    }
}
