namespace Coordinator.Architecture.Tests;

public class DependencyTests
{
    /// <summary>What each project may reference among our own; the compat assemblies come through UsesGrpc.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Coordinator.Domain"] = [],
        ["Coordinator.EventStore"] = [],
        ["Coordinator.Postgres"] = [],
        ["Coordinator.Engine"] = ["Coordinator.Domain", "Coordinator.EventStore", "Coordinator.Postgres"],
        ["Coordinator.Protocol"] = [],
        ["Coordinator.Server"] = ["Coordinator.Engine", "Coordinator.Protocol"],
        ["Coordinator.Client"] = ["Coordinator.Protocol"],
        ["Coordinator.Client.Postgres"] = ["Coordinator.Client"],
        ["Coordinator.Client.EntityFrameworkCore"] = ["Coordinator.Client"],
        ["Coordinator.Worker"] = ["Coordinator.Client"],
        // The command hosts the server and a worker: serve, dev, worker.
        ["Coordinator.Cli"] = ["Coordinator.Client", "Coordinator.Worker", "Coordinator.Server"],
        ["Grpc.Core.Api"] = [],
        ["Grpc.Net.Common"] = ["Grpc.Core.Api"],
    };

    [Fact]
    public void References_go_only_where_the_design_lets_them()
    {
        foreach (var (project, references) in Repository.Projects.Where(entry => Allowed.ContainsKey(entry.Key)))
        {
            Assert.Subset(Allowed[project].ToHashSet(), references.ToHashSet());
        }
    }

    [Fact]
    public void Every_project_that_ships_is_covered_by_the_rule()
    {
        var shipped = Repository.Projects.Keys.Where(name => !name.EndsWith(".Tests", StringComparison.Ordinal)
            && name is not ("Coordinator.Testing" or "Coordinator.Demo" or "Coordinator.Benchmarks"
                or "Coordinator.BackfillBench" or "Coordinator.FleetBench"));

        Assert.Equal(Allowed.Keys.Order(), shipped.Order());
    }

    [Fact]
    public void The_domain_references_no_package()
    {
        var project = File.ReadAllText(Path.Combine(Repository.Root, "src/Coordinator.Domain/Coordinator.Domain.csproj"));

        Assert.DoesNotContain("PackageReference", project, StringComparison.Ordinal);
    }

    [Fact]
    public void The_api_assemblies_hold_nothing_of_our_own()
    {
        foreach (var (path, text) in Repository.Sources("src/Compat"))
        {
            Assert.False(text.Contains("Coordinator", StringComparison.Ordinal), $"{path} names Coordinator");
        }
    }
}
