using Coordinator.V1;

namespace Coordinator.FleetBench.Servers;

/// <summary>A migration of one application from version 1 to 2, on an empty table of its own.</summary>
internal sealed class GatedMigration(ServiceProcess service, string application)
{
    public string Name => $"migrations/gate-{application}";

    public string Yaml =>
        $$"""
        migration: gate-{{application}}
        target: shop
        versions:
          {{application}}: { uses_new_from: 2, free_of_old_from: 2 }
        operations:
          - rename_column: { table: {{Table(application)}}, from: comment, to: message }
        """;

    public static string Table(string application) => "review_" + application.Replace('-', '_');

    public async Task<Migration> GetAsync() =>
        (await service.Client.Migrations.GetMigrationAsync(new GetMigrationRequest { Name = Name })).Migration;

    public async Task BeatAsync(string instance, long version) => await service.Client.Applications.HeartbeatAsync(
        new HeartbeatRequest { Report = new InstanceReport { Application = application, Instance = instance, SchemaVersion = version } });

    public async Task LeaveAsync(string instance) =>
        await service.Client.Applications.LeaveAsync(new LeaveRequest { Application = application, Instance = instance });

    public async Task RetireAsync() => await service.Client.Migrations.RetireVersionsAsync(
        new RetireVersionsRequest { Name = Name, Reason = "measured", RequestId = Guid.NewGuid().ToString() });

    public async Task UnretireAsync() => await service.Client.Migrations.UnretireVersionsAsync(
        new UnretireVersionsRequest { Name = Name, Reason = "measured", RequestId = Guid.NewGuid().ToString() });
}
