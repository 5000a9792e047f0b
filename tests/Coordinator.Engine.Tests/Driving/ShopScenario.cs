using Coordinator.Domain.Applications;
using Coordinator.Domain.Migrations;
using Coordinator.Engine.Applications;
using Coordinator.Engine.Leasing;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Specs;
using Coordinator.Engine.Targets;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Engine.Tests.Driving;

/// <summary>A shop with a table of reviews, a coordination database, and one replica of the engine between them.</summary>
internal sealed class ShopScenario : IAsyncDisposable
{
    public const string Rename =
        """
        migration: rename-comment
        target: shop
        versions:
          shop-api: { uses_new_from: 2, free_of_old_from: 2 }
        operations:
          - rename_column: { table: review, from: comment, to: message }
        """;

    /// <summary>Named as the other, for tests that run either.</summary>
    public const string SetNotNull =
        """
        migration: rename-comment
        target: shop
        versions:
          shop-api: { uses_new_from: 2, free_of_old_from: 2 }
        operations:
          - set_not_null: { table: review, column: comment, fill: "'none'" }
        """;

    private readonly TestDatabase _coordination;

    private ShopScenario(TestDatabase coordination, TestDatabase target, TargetRoles roles, EngineReplica replica)
    {
        _coordination = coordination;
        Target = target;
        Roles = roles;
        Replica = replica;
    }

    public static RequestContext Operator { get; } = new("operator");

    public TestDatabase Target { get; }

    public TargetRoles Roles { get; }

    public EngineReplica Replica { get; private set; }

    public TestDatabase Coordination => _coordination;

    public MigrationCommands Commands => Replica.Get<MigrationCommands>();

    public InstanceRegistry Instances => Replica.Get<InstanceRegistry>();

    public static async Task<ShopScenario> CreateAsync(
        int rows = 2000,
        bool drive = true,
        TimeProvider? time = null,
        string? targetServer = null,
        string? tables = null,
        Action<EngineOptions>? configure = null,
        string check = "")
    {
        var coordination = await TestDatabase.CreateAsync();
        var target = await TestDatabase.CreateAsync(targetServer ?? coordination.AdminConnectionString);
        var roles = await TargetRoles.CreateAsync(target);
        await using (var owner = roles.OwnerSource.CreateCommand(
            tables ?? $"""
            create table review (id int primary key, comment text, stars int not null default 3);
            insert into review select n, 'comment ' || n from generate_series(1, {rows}) n;
            create index review_comment on review (comment);
            """))
        {
            await owner.ExecuteNonQueryAsync();
        }

        await target.ExecuteAsync("analyze review");
        var replica = await StartReplicaAsync(coordination, roles, drive, time, configure, check);
        return new ShopScenario(coordination, target, roles, replica);
    }

    /// <summary>Ends the replica as a crash would look to the others, and starts another.</summary>
    public async Task ReplaceReplicaAsync()
    {
        await Replica.DisposeAsync();
        Replica = await StartReplicaAsync(_coordination, Roles, drive: true);
    }

    public TestFleet StartWorker() => new(Replica.Get<BatchLeasing>(), Roles.WorkerSource, "shop");

    public async Task PlanAsync(string yaml)
    {
        var spec = Assert.IsType<SpecReadResult.Spec>(YamlSpecReader.Read(yaml)).Value;
        await Commands.PlanAsync(spec, Operator, CancellationToken.None);
    }

    public Task ExpectAsync(ExpectedPopulation population) =>
        Instances.SetPopulationAsync("shop-api", population, Operator, CancellationToken.None);

    public Task<InstanceLease> HeartbeatAsync(string instance, long version) =>
        Instances.HeartbeatAsync(new InstanceReport("shop-api", instance, version, $"1.{version}"), CancellationToken.None);

    public async Task<MigrationView> ViewAsync(string migration = "rename-comment") =>
        await Replica.Get<MigrationQueries>().GetAsync(migration, CancellationToken.None);

    public async Task<MigrationView> WaitForAsync(
        Func<MigrationView, bool> condition, string what, string migration = "rename-comment")
    {
        MigrationView? view = null;
        try
        {
            await Eventually.TrueAsync(
                async () =>
                {
                    try
                    {
                        view = await ViewAsync(migration);
                        return condition(view);
                    }
                    catch (NpgsqlException)
                    {
                        // A test may cut every session of the engine, this look's too.
                        return false;
                    }
                },
                what);
        }
        catch (TimeoutException timeout)
        {
            var steps = view!.State.Plan!.Steps.Select(step => $"{step.Id}={view.State.Step(step.Id)}");
            throw new TimeoutException(
                $"{timeout.Message}; it is {view.State.Status}, {view.State.Gate}, '{view.Activity}', {string.Join(", ", steps)}");
        }

        return view!;
    }

    public Task<MigrationView> WaitForStatusAsync(MigrationStatus status, string migration = "rename-comment") =>
        WaitForAsync(view => view.State.Status == status, $"{migration} is {status}", migration);

    public async ValueTask DisposeAsync()
    {
        await Replica.DisposeAsync();
        await Roles.DisposeAsync();
        await _coordination.DisposeAsync();
    }

    private static Task<EngineReplica> StartReplicaAsync(
        TestDatabase coordination,
        TargetRoles roles,
        bool drive,
        TimeProvider? time = null,
        Action<EngineOptions>? configure = null,
        string check = "") =>
        EngineReplica.StartAsync(
            coordination.ConnectionString,
            new Dictionary<string, TargetOptions>
            {
                ["shop"] = new()
                {
                    Shards = { ["main"] = roles.CoordinatorConnectionString },
                    WorkerRoles = { roles.Worker },
                    IgnoredRoles = { "postgres", roles.Owner },
                    Pace = new() { Check = check },
                },
            },
            drive,
            time,
            configure);
}
