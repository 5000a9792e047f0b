using Coordinator.Server.Tests.Hosting;
using Severity = Coordinator.V1.TargetFinding.Types.Severity;

namespace Coordinator.Server.Tests.Migrations;

/// <summary>Strict mode as its operator sees it: what it lacks, the SQL that sets it up, retiring and the way back.</summary>
public sealed class StrictModeTests(ShopFixture shop) : IClassFixture<ShopFixture>
{
    private readonly V1.MigrationService.MigrationServiceClient _client = shop.Server.Migrations;

    [Fact]
    public async Task A_plan_says_what_strict_mode_lacks_and_the_script_of_the_check_mends_it()
    {
        var pattern = shop.Shop.Name + "_s{version}";
        var yaml = Yaml(Specs.NewName(), pattern);
        var planned = await _client.PlanMigrationAsync(new() { Yaml = yaml });
        Assert.Contains(planned.StrictFindings, finding => finding.Code == "STRICT_ROLE_MISSING");
        Assert.Equal(pattern, planned.Migration.Versions["shop-api"].RolePattern);
        var refused = await Refusal.OfAsync(_client.StartMigrationAsync(new() { Name = planned.Migration.Name }));
        Assert.Equal("TARGET_NOT_READY", refused.Reason);

        var check = await _client.CheckTargetAsync(new() { Target = "shop", Yaml = yaml });
        var script = Assert.Single(check.SetupScripts);
        await shop.Shop.ExecuteAsync(script.Sql);
        await shop.Shop.ExecuteAsync(script.Sql);

        check = await _client.CheckTargetAsync(new() { Target = "shop", Yaml = yaml });
        Assert.Equal(2, check.Findings.Count(finding => finding is { Code: "STRICT_ROLE", Severity: Severity.Ok }));
        Assert.DoesNotContain(
            check.Findings, finding => finding.Code.StartsWith("STRICT", StringComparison.Ordinal) && finding.Severity != Severity.Ok);
        foreach (var version in new[] { 41, 42 })
        {
            await shop.Shop.ExecuteAsync($"drop owned by {shop.Shop.Name}_s{version}; drop role {shop.Shop.Name}_s{version}");
        }
    }

    [Fact]
    public async Task A_script_holds_names_as_names()
    {
        var yaml = Yaml(Specs.NewName(), "x'; drop table review; --$$\\\"{version}");
        var check = await _client.CheckTargetAsync(new() { Target = "shop", Yaml = yaml });
        await shop.Shop.ExecuteAsync(Assert.Single(check.SetupScripts).Sql);
        foreach (var version in new[] { 41, 42 })
        {
            var role = $"\"x'; drop table review; --$$\"\"{version}\"";
            await shop.Shop.ExecuteAsync($"drop owned by {role}; drop role {role}");
        }

        Assert.Equal(1L, await shop.Shop.ScalarAsync<long>("select count(*) from pg_tables where tablename = 'review'"));
    }

    [Fact]
    public async Task Both_forms_of_a_specification_know_strict_mode()
    {
        var spec = Specs.Rename(Specs.NewName());
        spec.Versions["shop-api"].Roles.Add(41, "a");
        spec.Versions["shop-api"].Roles.Add(42, "b");
        var shown = (await _client.PlanMigrationAsync(Specs.Plan(spec, validateOnly: true))).Migration;
        Assert.Equal("b", shown.Versions["shop-api"].Roles[42]);

        spec.Versions["shop-api"].RolePattern = "v{version}";
        var refused = await Refusal.OfAsync(_client.PlanMigrationAsync(Specs.Plan(spec, validateOnly: true)));
        Assert.Contains(refused.Fields, field => field.Reason == "ROLES_AMBIGUOUS");
    }

    [Fact]
    public async Task What_can_not_be_retired_or_taken_back_is_refused()
    {
        var name = (await _client.PlanMigrationAsync(Specs.Plan(Specs.Rename(Specs.NewName())))).Migration.Name;
        var retired = await Refusal.OfAsync(_client.RetireVersionsAsync(new() { Name = name, Reason = "x" }));
        var taken = await Refusal.OfAsync(_client.UnretireVersionsAsync(new() { Name = name, Reason = "x" }));
        var silent = await Refusal.OfAsync(_client.RetireVersionsAsync(new() { Name = name }));
        Assert.Equal(
            ("MIGRATION_NOT_STARTED", "MIGRATION_NOT_STARTED", "REASON_MISSING"), (retired.Reason, taken.Reason, silent.Reason));
    }

    private static string Yaml(string name, string pattern) =>
        $$"""
        migration: {{name}}
        target: shop
        versions:
          shop-api: { uses_new_from: 42, free_of_old_from: 42, mode: strict, roles: "{{pattern}}" }
        operations:
          - rename_column: { table: review, from: comment, to: message }
        """;
}
