using Coordinator.Domain.Applications;
using Coordinator.Domain.Migrations;
using Coordinator.Engine.Applications;
using Coordinator.Engine.Leasing;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Specs;
using Coordinator.Engine.Targets;
using Coordinator.Engine.Tests.Driving;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Engine.Tests.Fencing;

/// <summary>A shop in strict mode: one or two shards, roles for versions 1 and 2 of its application, and one replica of the engine.</summary>
internal sealed class StrictShop : IAsyncDisposable
{
    public const string Migration = "drop-comment";

    private readonly TestDatabase _coordination;
    private readonly List<TargetRoles> _targetRoles;
    private readonly TimeSpan _grace;

    private StrictShop(
        TestDatabase coordination, List<TestDatabase> shards, List<TargetRoles> targetRoles, VersionRoleSet roles, TimeSpan grace)
    {
        _coordination = coordination;
        Shards = shards;
        _targetRoles = targetRoles;
        _grace = grace;
        Roles = roles;
    }

    public static RequestContext Operator { get; } = new("ann");

    public IReadOnlyList<TestDatabase> Shards { get; }

    public IReadOnlyList<TargetRoles> TargetRoles => _targetRoles;

    public VersionRoleSet Roles { get; }

    public EngineReplica Replica { get; private set; } = null!;

    public TestDatabase Coordination => _coordination;

    public RetirementCommands Retirements => Replica.Get<RetirementCommands>();

    public MigrationCommands Commands => Replica.Get<MigrationCommands>();

    public InstanceRegistry Instances => Replica.Get<InstanceRegistry>();

    public static async Task<StrictShop> CreateAsync(int shards = 1, TimeSpan? grace = null)
    {
        var coordination = await TestDatabase.CreateAsync();
        var databases = new List<TestDatabase>();
        var targetRoles = new List<TargetRoles>();
        VersionRoleSet? roles = null;
        for (var shard = 0; shard < shards; shard++)
        {
            databases.Add(await TestDatabase.CreateAsync());
            targetRoles.Add(await Testing.TargetRoles.CreateAsync(databases[shard]));
            await using var owner = targetRoles[shard].OwnerSource.CreateCommand(
                """
                create table review (id int primary key, comment text, stars int not null default 3);
                insert into review select n, 'comment ' || n from generate_series(1, 100) n;
                """);
            await owner.ExecuteNonQueryAsync();
            if (roles is null)
            {
                roles = await VersionRoleSet.CreateAsync(databases[shard], targetRoles[shard]);
            }
            else
            {
                await roles.AllowAsync(databases[shard], targetRoles[shard]);
            }

            await roles.GrantAsync(databases[shard], "review");
            await databases[shard].ExecuteAsync(
                $"grant usage on schema public to {targetRoles[0].Worker}; grant select, update on review to {targetRoles[0].Worker}");
        }

        var shop = new StrictShop(coordination, databases, targetRoles, roles!, grace ?? TimeSpan.Zero);
        await shop.StartReplicaAsync();
        await shop.Instances.SetPopulationAsync("shop-api", ExpectedPopulation.None, Operator, CancellationToken.None);
        return shop;
    }

    /// <summary>A column dropped in strict mode, without rows to fill.</summary>
    public string Drop(string contract = "{}") => Yaml(
        contract,
        "raw_sql: { table: review, expand: alter table review add column message text, "
            + "contract: alter table review drop column comment, rollback: alter table review drop column message }");

    public string Rename() => Yaml("{}", "rename_column: { table: review, from: comment, to: message }");

    public string Yaml(string contract, string operation) =>
        $$"""
        migration: {{Migration}}
        target: shop
        versions:
          shop-api: { uses_new_from: 2, free_of_old_from: 2, mode: strict, roles: "{{Roles.Pattern}}" }
        contract: {{contract}}
        operations:
          - {{operation}}
        """;

    public async Task PlanAsync(string yaml)
    {
        var spec = Assert.IsType<SpecReadResult.Spec>(YamlSpecReader.Read(yaml)).Value;
        await Commands.PlanAsync(spec, Operator, CancellationToken.None);
    }

    /// <summary>Plans and starts, with an instance of version 1, and returns when the gate waits for it.</summary>
    public async Task ReachGateAsync(string yaml)
    {
        await HeartbeatAsync("old-1", 1);
        await PlanAsync(yaml);
        await Commands.StartAsync(Migration, Operator, CancellationToken.None);
        await using var worker = new TestFleet(Replica.Get<BatchLeasing>(), _targetRoles[0].WorkerSource, "shop");
        await WaitForAsync(view => view.State.Gate == GateStage.Draining, "the gate is reached");
    }

    public Task HeartbeatAsync(string instance, long version) =>
        Instances.HeartbeatAsync(new InstanceReport("shop-api", instance, version, $"1.{version}"), CancellationToken.None);

    public Task LeaveAsync(string instance) => Instances.LeaveAsync("shop-api", instance, CancellationToken.None);

    /// <summary>As after a pause of an hour: the lease of every instance has lapsed.</summary>
    public Task LapseAsync() => _coordination.ExecuteAsync("update coordinator.instance set expires_at = now() - interval '1 hour'");

    public async Task<NpgsqlConnection> OpenAsync(int version, int shard = 0)
    {
        var connection = new NpgsqlConnection(
            Shards[shard].ConnectionStringFor(Roles[version], $"shop-api@{version}") + ";Pooling=false");
        try
        {
            await connection.OpenAsync();
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public async Task ReplaceReplicaAsync(bool drive = true)
    {
        await Replica.DisposeAsync();
        await StartReplicaAsync(drive);
    }

    public async Task<MigrationView> ViewAsync() =>
        await Replica.Get<MigrationQueries>().GetAsync(Migration, CancellationToken.None);

    public async Task<MigrationView> WaitForAsync(Func<MigrationView, bool> condition, string what)
    {
        MigrationView? view = null;
        try
        {
            await Eventually.TrueAsync(async () => condition(view = await ViewAsync()), what);
        }
        catch (TimeoutException timeout)
        {
            throw new TimeoutException(
                $"{timeout.Message}; it is {view!.State.Status}, {view.State.Gate}, fenced {view.State.IsFenced}, '{view.Activity}', "
                + string.Join("; ", view.State.Blockers.Select(blocker => $"{blocker.Code} {blocker.Subject} {blocker.Message}")));
        }

        return view!;
    }

    public Task<MigrationView> WaitForBlockerAsync(string code) =>
        WaitForAsync(view => view.State.Blockers.Any(blocker => blocker.Code == code), $"a blocker is {code}");

    public Task<MigrationView> WaitForStatusAsync(MigrationStatus status) =>
        WaitForAsync(view => view.State.Status == status, $"it is {status}");

    /// <summary>Login and rights of a version's role on a shard, in a form that can be compared.</summary>
    public Task<string> RightsAsync(int version, int shard = 0) => Shards[shard].ScalarAsync<string>(
        $"""
        select r.rolcanlogin || ' ' || coalesce((
            select string_agg(concat_ws(' ', g.attnum, g.privilege_type, g.is_grantable, g.grantor), ', ' order by g.attnum, g.privilege_type)
              from (select 0 as attnum, a.* from pg_class c, aclexplode(c.relacl) a where c.oid = 'review'::regclass
                    union all
                    select t.attnum, a.* from pg_attribute t, aclexplode(t.attacl) a where t.attrelid = 'review'::regclass and not t.attisdropped) g
             where g.grantee = r.oid), '')
          from pg_roles r where r.rolname = '{Roles[version]}'
        """);

    public Task<long> ColumnsAsync(string column, int shard = 0) => Shards[shard].ScalarAsync<long>(
        $"select count(*) from information_schema.columns where table_name = 'review' and column_name = '{column}'");

    public async ValueTask DisposeAsync()
    {
        await Replica.DisposeAsync();
        // The first shard's roles have rights in the others.
        foreach (var roles in _targetRoles.AsEnumerable().Reverse())
        {
            await roles.DisposeAsync();
        }

        await Roles.DisposeAsync();
        await _coordination.DisposeAsync();
    }

    private async Task StartReplicaAsync(bool drive = true)
    {
        var options = new TargetOptions { IgnoredRoles = { "postgres" } };
        for (var shard = 0; shard < Shards.Count; shard++)
        {
            options.Shards[$"s{shard}"] = _targetRoles[shard].CoordinatorConnectionString;
            options.IgnoredRoles.Add(_targetRoles[shard].Owner);
        }

        options.WorkerRoles.Add(_targetRoles[0].Worker);
        Replica = await EngineReplica.StartAsync(
            _coordination.ConnectionString,
            new Dictionary<string, TargetOptions> { ["shop"] = options },
            drive,
            configure: engine => engine.FenceGrace = _grace);
    }
}
