using Coordinator.Server.Tests.Hosting;
using Coordinator.Testing;
using Grpc.Core;
using State = Coordinator.V1.Migration.Types.State;

namespace Coordinator.Server.Tests.Migrations;

/// <summary>A migration as its operator sees it.</summary>
public sealed class MigrationLifecycleTests(ShopFixture shop) : IClassFixture<ShopFixture>
{
    private readonly V1.MigrationService.MigrationServiceClient _client = shop.Server.Migrations;

    [Fact]
    public async Task A_plan_can_be_read_before_it_is_recorded()
    {
        var name = Specs.NewName();
        var state = await shop.StateAsync();

        var shown = (await _client.PlanMigrationAsync(Specs.Plan(Specs.Rename(name), validateOnly: true))).Migration;

        Assert.Equal($"migrations/{name}", shown.Name);
        Assert.Equal(0, shown.Revision);
        Assert.All(shown.Steps, step => Assert.NotEmpty(step.Description));
        Assert.Contains(shown.Steps.SelectMany(step => step.Statements), sql => sql.Contains("add column", StringComparison.Ordinal));
        Assert.Contains(shown.Steps.SelectMany(step => step.Statements), sql => sql.Contains("create or replace function", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(state, await shop.StateAsync());
    }

    [Fact]
    public async Task A_plan_from_yaml_is_the_plan_from_the_message()
    {
        var (one, two) = (Specs.NewName(), Specs.NewName());

        var fromYaml = (await _client.PlanMigrationAsync(new() { Yaml = Specs.RenameYaml(one) })).Migration;
        var fromMessage = (await _client.PlanMigrationAsync(Specs.Plan(Specs.Rename(two)))).Migration;

        Assert.Equal(fromYaml.Steps.Select(step => step.Description), fromMessage.Steps.Select(step => step.Description));
        Assert.Equal(fromYaml.Versions, fromMessage.Versions);
        Assert.Equal(State.Planned, fromYaml.State);
        Assert.EndsWith(".", fromYaml.StatusMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_are_taken_with_and_without_their_collection_and_answered_with_it()
    {
        var name = await PlannedAsync();

        var bare = await _client.GetMigrationAsync(new() { Name = name });
        var full = await _client.GetMigrationAsync(new() { Name = $"migrations/{name}" });

        Assert.Equal(bare, full);
        Assert.Equal($"migrations/{name}", bare.Migration.Name);
    }

    [Fact]
    public async Task Lists_are_paged_newest_first_and_leave_the_sql_out()
    {
        string[] names = [await PlannedAsync(), await PlannedAsync(), await PlannedAsync()];

        var listed = new List<V1.Migration>();
        var token = "";
        do
        {
            var page = await _client.ListMigrationsAsync(new() { PageSize = 2, PageToken = token });
            Assert.InRange(page.Migrations.Count, 1, 2);
            listed.AddRange(page.Migrations);
            token = page.NextPageToken;
        }
        while (token.Length > 0);

        Assert.Equal(
            names.Reverse().Select(name => $"migrations/{name}"),
            listed.Select(migration => migration.Name).Where(name => names.Contains(name["migrations/".Length..])));
        Assert.All(listed.SelectMany(migration => migration.Steps), step => Assert.Empty(step.Statements));
    }

    [Fact]
    public async Task The_history_says_who_did_what()
    {
        var name = Specs.NewName();
        var requestId = Guid.CreateVersion7().ToString();
        await _client.PlanMigrationAsync(
            Specs.Plan(Specs.Rename(name), requestId: requestId), new Metadata { { "x-coordinator-actor", "anna" } });
        await _client.CancelMigrationAsync(new() { Name = name });

        var first = await _client.ListMigrationEventsAsync(new() { Name = name, PageSize = 1 });
        var second = await _client.ListMigrationEventsAsync(new() { Name = name, PageToken = first.NextPageToken });

        var planned = Assert.Single(first.Events);
        var cancelled = Assert.Single(second.Events);
        Assert.Equal((1, "anna", requestId), (planned.Version, planned.Actor, planned.CorrelationId));
        Assert.Contains("planned", planned.Type, StringComparison.Ordinal);
        Assert.Contains(name, planned.DataJson, StringComparison.Ordinal);
        Assert.Equal((2, "loopback"), (cancelled.Version, cancelled.Actor));
        Assert.Empty(second.NextPageToken);
    }

    [Fact]
    public async Task A_watcher_sees_the_migration_at_once_and_every_change_until_it_ends()
    {
        var name = await PlannedAsync();
        using var watch = _client.WatchMigration(new() { Name = name });
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(State.Planned, watch.ResponseStream.Current.Migration.State);

        await _client.CancelMigrationAsync(new() { Name = name });

        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Eventually.DefaultBound));
        Assert.Equal(State.Cancelled, watch.ResponseStream.Current.Migration.State);
        Assert.False(await watch.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Eventually.DefaultBound));
    }

    [Fact]
    public async Task A_check_of_the_target_answers_finding_by_finding()
    {
        var findings = (await _client.CheckTargetAsync(new() { Target = "shop", Tables = { "review" } })).Findings;

        Assert.NotEmpty(findings);
        Assert.All(findings, finding => Assert.Equal("main", finding.Shard));
        Assert.All(findings, finding => Assert.NotEqual(V1.TargetFinding.Types.Severity.Unspecified, finding.Severity));
    }

    [Fact]
    public async Task A_failed_plan_of_one_migration_says_nothing_of_connection_strings()
    {
        var refusal = await Refusal.OfAsync(_client.CheckTargetAsync(new() { Target = "down" }));

        Assert.DoesNotContain("Username", refusal.Text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Database=", refusal.Text, StringComparison.OrdinalIgnoreCase);
    }

    private async Task<string> PlannedAsync()
    {
        var name = Specs.NewName();
        await _client.PlanMigrationAsync(Specs.Plan(Specs.Rename(name)));
        return name;
    }
}
