using Coordinator.Server.Tests.Hosting;
using Coordinator.Testing;
using Grpc.Core;
using State = Coordinator.V1.Migration.Types.State;
using Verdict = Coordinator.V1.Readiness.Types.Verdict;

namespace Coordinator.Server.Tests.Migrations;

/// <summary>A migration that has changed its target, without any worker: it waits in its backfill.</summary>
public sealed class RunningMigrationTests(ShopFixture shop) : IClassFixture<ShopFixture>
{
    private readonly V1.MigrationService.MigrationServiceClient _client = shop.Server.Migrations;

    [Fact]
    public async Task A_version_that_needs_the_new_structure_is_refused_everywhere_until_it_is_complete()
    {
        var name = await BackfillingAsync("early");
        var report = new V1.InstanceReport { Application = "shop-api", Instance = "new", SchemaVersion = 42 };

        var check = await shop.Server.Applications.CheckStartAsync(new() { Application = "shop-api", SchemaVersion = 42 });
        var heartbeat = await Refusal.OfAsync(shop.Server.Applications.HeartbeatAsync(new() { Report = report }));
        using var session = shop.Server.Applications.Session();
        await session.RequestStream.WriteAsync(new() { Report = report });
        var stream = await Refusal.OfAsync(() => session.ResponseStream.MoveNext(CancellationToken.None));
        var readiness = (await shop.Server.Readiness.CheckAsync(
            new() { Question = new() { Deploy = new() { Application = "shop-api", SchemaVersion = 42 } } })).Readiness;

        Assert.Equal((false, "VERSION_NOT_READY"), (check.Admitted, check.Reason));
        Assert.Equal((StatusCode.FailedPrecondition, "VERSION_NOT_READY"), (heartbeat.Code, heartbeat.Reason));
        Assert.Equal((StatusCode.FailedPrecondition, "VERSION_NOT_READY"), (stream.Code, stream.Reason));
        Assert.Equal(name, heartbeat.Info.Metadata["migrations"]);
        Assert.Equal(Verdict.Wait, readiness.Verdict);
        Assert.True(readiness.RetryDelay.ToTimeSpan() > TimeSpan.Zero);
        Assert.Equal("VERSION_NOT_READY", readiness.Blockers[0].Code);
        Assert.True((await shop.Server.Applications.CheckStartAsync(new() { Application = "shop-api", SchemaVersion = 41 })).Admitted);
        await RolledBackAsync(name);
    }

    [Fact]
    public async Task A_rollback_is_shown_step_by_step_and_says_what_is_left()
    {
        var name = await BackfillingAsync("back");
        Assert.Equal(1, await ColumnsAsync("back", "renamed"));

        var migration = await RolledBackAsync(name);

        Assert.Contains("Rolled back", migration.StatusMessage, StringComparison.Ordinal);
        Assert.NotNull(migration.EndTime);
        Assert.All(migration.Steps.Where(step => step.State != V1.Step.Types.State.Completed), step => Assert.Equal(V1.Step.Types.State.Started, step.State));
        Assert.Equal(0, await ColumnsAsync("back", "renamed"));
        var late = await Refusal.OfAsync(_client.PauseMigrationAsync(new() { Name = name }));
        Assert.Equal((StatusCode.FailedPrecondition, "MIGRATION_FINISHED"), (late.Code, late.Reason));
    }

    [Fact]
    public async Task A_pause_is_acknowledged_only_when_the_target_has_it()
    {
        var name = await BackfillingAsync("away");
        await shop.Shop.ExecuteAsync(
            $"""
            alter role {shop.Roles.Coordinator} nologin;
            select pg_terminate_backend(pid) from pg_stat_activity where usename = '{shop.Roles.Coordinator}'
            """);

        var refusal = await Refusal.OfAsync(_client.PauseMigrationAsync(new() { Name = name, Reason = "trouble" }));
        await shop.Shop.ExecuteAsync($"alter role {shop.Roles.Coordinator} login");
        var paused = (await _client.PauseMigrationAsync(new() { Name = name, Reason = "trouble" })).Migration;

        Assert.Equal((StatusCode.Unavailable, "TARGET_UNAVAILABLE"), (refusal.Code, refusal.Reason));
        Assert.Equal(State.Paused, paused.State);
        Assert.Contains("trouble", paused.StatusMessage, StringComparison.Ordinal);
        Assert.Equal("paused", await shop.Shop.ScalarAsync<string>($"select mode from coordinator.fence where migration = '{name}'"));
        await _client.ResumeMigrationAsync(new() { Name = name });
        await RolledBackAsync(name);
    }

    [Fact]
    public async Task A_verification_before_the_rows_are_filled_is_refused_with_its_reason()
    {
        var name = await BackfillingAsync("unfilled");

        using var call = _client.VerifyMigration(new() { Name = name });
        var refusal = await Refusal.OfAsync(() => call.ResponseStream.MoveNext(CancellationToken.None));

        Assert.Equal((StatusCode.FailedPrecondition, "VERIFICATION_TOO_EARLY"), (refusal.Code, refusal.Reason));
        await RolledBackAsync(name);
    }

    private async Task<string> BackfillingAsync(string table)
    {
        await shop.ExecuteAsOwnerAsync(
            $"create table {table} (id bigint primary key, word text); insert into {table} select i, 'w' from generate_series(1, 100) i");
        var name = Specs.NewName();
        await _client.PlanMigrationAsync(Specs.Plan(Specs.Rename(name, table, "word", "renamed")));
        await _client.StartMigrationAsync(new() { Name = name });
        await WatchUntilAsync(name, migration => migration.Backfills.Any(backfill => backfill.BlockCount > 0));
        return name;
    }

    private async Task<V1.Migration> RolledBackAsync(string name)
    {
        await _client.RollBackMigrationAsync(new() { Name = name });
        return await WatchUntilAsync(name, migration => migration.State == State.RolledBack);
    }

    private async Task<V1.Migration> WatchUntilAsync(string name, Func<V1.Migration, bool> reached)
    {
        using var watch = _client.WatchMigration(new() { Name = name });
        while (await watch.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Eventually.DefaultBound))
        {
            if (reached(watch.ResponseStream.Current.Migration))
            {
                return watch.ResponseStream.Current.Migration;
            }
        }

        throw new InvalidOperationException("The migration ended otherwise.");
    }

    private Task<long> ColumnsAsync(string table, string column) => shop.Shop.ScalarAsync<long>(
        $"select count(*) from information_schema.columns where table_name = '{table}' and column_name = '{column}'");
}
