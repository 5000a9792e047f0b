using System.Globalization;
using Coordinator.Client;
using Coordinator.Testing;
using Coordinator.V1;

namespace Coordinator.FleetBench.Servers;

/// <summary>The service as a process of its own, with a coordination database and a target on the run's database server.</summary>
internal sealed class ServiceProcess : BenchServer
{
    public const string Application = "shop-api";

    private ServiceProcess(FleetCluster cluster, TestDatabase coordination, TestDatabase target, TimeSpan interval)
        : base(cluster)
    {
        Coordination = coordination;
        Target = target;
        Process = CoordinatorProcess.Start(
            $"service-{new Uri(Address).Port}",
            cluster.Directory,
            new Dictionary<string, string>
            {
                [CompileOnce] = "0",
                ["Logging__LogLevel__Default"] = "Warning",
                ["Coordinator__ConnectionString"] = coordination.ConnectionStringFor(FleetCluster.Service, "coordinator"),
                ["Coordinator__Listen"] = Address,
                ["Coordinator__HttpListen"] = "",
                ["Coordinator__Timings__HeartbeatInterval"] = interval.ToString("c", CultureInfo.InvariantCulture),
                ["Coordinator__Timings__InstanceLease"] = (3 * interval).ToString("c", CultureInfo.InvariantCulture),
                // What is measured is what goes through, not what is let through.
                ["Coordinator__Limits__RegistrationsPerSecond"] = "1000000",
                ["Coordinator__Targets__shop__Shards__main"] = target.ConnectionStringFor(FleetCluster.Service, "coordinator"),
                ["Coordinator__Targets__shop__IgnoredRoles__0"] = "postgres",
                ["Coordinator__Targets__shop__IgnoredRoles__1"] = FleetCluster.Owner,
            },
            "serve");
        var options = new CoordinatorClientOptions { CallTimeout = TimeSpan.FromSeconds(30) };
        options.Addresses.Add(Address);
        Client = new CoordinatorClient(options);
    }

    public override string Name => "service";

    public override CoordinatorProcess Process { get; }

    public CoordinatorClient Client { get; }

    public TestDatabase Coordination { get; }

    public TestDatabase Target { get; }

    public static async Task<ServiceProcess> StartAsync(FleetCluster cluster, TimeSpan interval)
    {
        var service = new ServiceProcess(
            cluster, await cluster.CreateDatabaseAsync(), await cluster.CreateDatabaseAsync(), interval);
        await Eventually.SucceedsAsync<CoordinatorException>(
            () => service.Client.Migrations.ListMigrationsAsync(new ListMigrationsRequest()).ResponseAsync,
            () => $"the service answers; it printed: {service.Process.Tail}");
        return service;
    }

    /// <summary>A migration from version 1 to 2 of an application that waits at its gate for one instance of version 1.</summary>
    public async Task<GatedMigration> BringToGateAsync(string application)
    {
        await Target.ExecuteAsync(
            $"create table {GatedMigration.Table(application)} (id int primary key, comment text); alter table {GatedMigration.Table(application)} owner to {FleetCluster.Owner}");
        var gated = new GatedMigration(this, application);
        await gated.BeatAsync("old", 1);
        await Client.Applications.SetExpectedPopulationAsync(new SetExpectedPopulationRequest
        {
            Application = application,
            ExpectedPopulation = new ExpectedPopulation { None = true },
            RequestId = Guid.NewGuid().ToString(),
        });
        await Client.Migrations.PlanMigrationAsync(new PlanMigrationRequest { Yaml = gated.Yaml });
        await Client.Migrations.StartMigrationAsync(new StartMigrationRequest { Name = gated.Name });
        await UntilAsync(
            async () => (await gated.GetAsync()).GateStage == Migration.Types.GateStage.Draining
                && (await gated.GetAsync()).Blockers.Count > 0,
            $"{gated.Name} waits at its gate");
        return gated;
    }

    public Task UntilAsync(Func<Task<bool>> condition, string what) => Eventually.TrueAsync(
        condition, () => $"{what}; the service printed: {Process.Tail}", TimeSpan.FromMinutes(1));

    public override async ValueTask DisposeAsync()
    {
        Process.Dispose();
        Client.Dispose();
        await Coordination.DisposeAsync();
        await Target.DisposeAsync();
    }
}
