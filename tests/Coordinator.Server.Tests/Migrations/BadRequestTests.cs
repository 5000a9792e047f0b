using Coordinator.Server.Tests.Hosting;
using Grpc.Core;

namespace Coordinator.Server.Tests.Migrations;

/// <summary>Requests about migrations that can't be carried out: a status, a stable reason, a remedy, and no change.</summary>
public sealed class BadRequestTests(ShopFixture shop) : IClassFixture<ShopFixture>
{
    [Fact]
    public async Task A_migrations_name_is_used_once()
    {
        var name = Specs.NewName();
        await shop.Server.Migrations.PlanMigrationAsync(Specs.Plan(Specs.Rename(name)));

        var refusal = await UnchangedAsync(() => shop.Server.Migrations.PlanMigrationAsync(Specs.Plan(Specs.Rename(name))));

        Assert.Equal((StatusCode.AlreadyExists, "MIGRATION_EXISTS"), (refusal.Code, refusal.Reason));
        Assert.Equal(name, refusal.Info.Metadata["migration"]);
    }

    [Fact]
    public async Task A_column_that_vanished_after_the_plan_stops_the_start()
    {
        var name = Specs.NewName();
        await shop.ExecuteAsOwnerAsync("alter table review add column passing text");
        await shop.Server.Migrations.PlanMigrationAsync(Specs.Plan(Specs.Rename(name, from: "passing", to: "staying")));
        await shop.ExecuteAsOwnerAsync("alter table review drop column passing");

        var refusal = await UnchangedAsync(() => shop.Server.Migrations.StartMigrationAsync(new() { Name = name }));

        Assert.Equal((StatusCode.FailedPrecondition, "PLAN_OUTDATED"), (refusal.Code, refusal.Reason));
        Assert.Equal("PLAN_OUTDATED", Assert.Single(refusal.Precondition!.Violations).Type);
        Assert.Contains("passing", refusal.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_target_that_is_down_is_unavailable_and_says_when_to_try_again()
    {
        var spec = Specs.Rename(Specs.NewName(), target: "down");

        var planned = await UnchangedAsync(() => shop.Server.Migrations.PlanMigrationAsync(Specs.Plan(spec)));
        var looked = await UnchangedAsync(() => shop.Server.Migrations.CheckTargetAsync(new() { Target = "down" }));

        Assert.Equal((StatusCode.Unavailable, "TARGET_UNAVAILABLE"), (planned.Code, planned.Reason));
        Assert.Equal((StatusCode.Unavailable, "TARGET_UNAVAILABLE"), (looked.Code, looked.Reason));
        Assert.Equal("down", planned.Info.Metadata["target"]);
        Assert.True(planned.Retry!.RetryDelay.ToTimeSpan() > TimeSpan.Zero);
    }

    [Fact]
    public async Task An_unknown_target_is_not_found()
    {
        var spec = Specs.Rename(Specs.NewName(), target: "elsewhere");

        var refusal = await UnchangedAsync(() => shop.Server.Migrations.PlanMigrationAsync(Specs.Plan(spec)));

        Assert.Equal((StatusCode.NotFound, "TARGET_NOT_FOUND"), (refusal.Code, refusal.Reason));
        Assert.Contains("shop", refusal.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_migration_is_not_found_by_any_call()
    {
        var client = shop.Server.Migrations;
        (string Call, Func<Task> Make)[] calls =
        [
            ("get", () => client.GetMigrationAsync(new() { Name = "nobody" }).ResponseAsync),
            ("start", () => client.StartMigrationAsync(new() { Name = "nobody" }).ResponseAsync),
            ("pause", () => client.PauseMigrationAsync(new() { Name = "nobody" }).ResponseAsync),
            ("retire", () => client.RetireVersionsAsync(new() { Name = "nobody", Reason = "x" }).ResponseAsync),
            ("un-retire", () => client.UnretireVersionsAsync(new() { Name = "nobody", Reason = "x" }).ResponseAsync),
            ("resume", () => client.ResumeMigrationAsync(new() { Name = "nobody" }).ResponseAsync),
            ("approve", () => client.ApproveMigrationAsync(new() { Name = "nobody" }).ResponseAsync),
            ("retry", () => client.RetryMigrationAsync(new() { Name = "nobody" }).ResponseAsync),
            ("roll back", () => client.RollBackMigrationAsync(new() { Name = "nobody" }).ResponseAsync),
            ("cancel", () => client.CancelMigrationAsync(new() { Name = "nobody" }).ResponseAsync),
            ("events", () => client.ListMigrationEventsAsync(new() { Name = "nobody" }).ResponseAsync),
            ("watch", () => client.WatchMigration(new() { Name = "nobody" }).ResponseStream.MoveNext(CancellationToken.None)),
        ];
        foreach (var (call, make) in calls)
        {
            var refusal = await Refusal.OfAsync(make);
            Assert.Equal((call, StatusCode.NotFound, "MIGRATION_NOT_FOUND"), (call, refusal.Code, refusal.Reason));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("migrations/")]
    [InlineData("Shop")]
    [InlineData("a/b")]
    [InlineData("x'; drop table coordinator.migration; --")]
    [InlineData("nul\0")]
    public async Task A_name_that_can_be_no_migrations_is_refused(string name)
    {
        var refusal = await UnchangedAsync(() => shop.Server.Migrations.GetMigrationAsync(new() { Name = name }));

        Assert.Equal((StatusCode.InvalidArgument, "INVALID_NAME"), (refusal.Code, refusal.Reason));
        Assert.Equal("name", Assert.Single(refusal.Fields).Field);
    }

    [Theory]
    [InlineData("not-a-uuid")]
    [InlineData("00000000-0000-0000-0000-000000000000")]
    [InlineData("{0197d3c0-0000-7000-8000-000000000000}")]
    public async Task A_request_id_is_a_uuid_or_nothing(string requestId)
    {
        var refusal = await UnchangedAsync(
            () => shop.Server.Migrations.PlanMigrationAsync(Specs.Plan(Specs.Rename(Specs.NewName()), requestId: requestId)));

        Assert.Equal((StatusCode.InvalidArgument, "INVALID_REQUEST_ID"), (refusal.Code, refusal.Reason));
    }

    [Fact]
    public async Task The_same_request_again_returns_the_first_outcome_and_with_another_body_it_is_refused()
    {
        var name = Specs.NewName();
        var request = Specs.Plan(Specs.Rename(name), requestId: Guid.CreateVersion7().ToString());
        var first = await shop.Server.Migrations.PlanMigrationAsync(request);
        var state = await shop.StateAsync();

        var again = await shop.Server.Migrations.PlanMigrationAsync(request);
        var other = await Refusal.OfAsync(shop.Server.Migrations.PlanMigrationAsync(
            Specs.Plan(Specs.Rename(Specs.NewName()), requestId: request.RequestId)));
        var otherCommand = await Refusal.OfAsync(shop.Server.Migrations.CancelMigrationAsync(
            new() { Name = name, RequestId = request.RequestId }));

        Assert.Equal(first, again);
        Assert.Equal((StatusCode.InvalidArgument, "REQUEST_ID_REUSED"), (other.Code, other.Reason));
        Assert.Equal((StatusCode.InvalidArgument, "REQUEST_ID_REUSED"), (otherCommand.Code, otherCommand.Reason));
        Assert.Equal(state, await shop.StateAsync());
    }

    [Fact]
    public async Task A_reason_that_can_not_be_kept_is_refused()
    {
        foreach (var reason in (string[])["a\0b", new string('x', 10_240)])
        {
            var refusal = await UnchangedAsync(() => shop.Server.Migrations.PauseMigrationAsync(new() { Name = "x", Reason = reason }));
            Assert.Equal((StatusCode.InvalidArgument, "INVALID_TEXT"), (refusal.Code, refusal.Reason));
        }
    }

    [Fact]
    public async Task Paging_refuses_negative_sizes_and_strange_tokens_and_bounds_large_sizes()
    {
        var client = shop.Server.Migrations;
        var negative = await UnchangedAsync(() => client.ListMigrationsAsync(new() { PageSize = -1 }));
        var token = await UnchangedAsync(() => client.ListMigrationsAsync(new() { PageToken = "'; --" }));
        var large = await client.ListMigrationsAsync(new() { PageSize = int.MaxValue });

        Assert.Equal((StatusCode.InvalidArgument, "INVALID_PAGE_SIZE"), (negative.Code, negative.Reason));
        Assert.Equal((StatusCode.InvalidArgument, "INVALID_PAGE_TOKEN"), (token.Code, token.Reason));
        Assert.Empty(large.NextPageToken);
    }

    private async Task<Refusal> UnchangedAsync<T>(Func<AsyncUnaryCall<T>> call)
    {
        var before = await shop.StateAsync();
        var refusal = await Refusal.OfAsync(call());
        Assert.Equal(before, await shop.StateAsync());
        return refusal;
    }
}
