using Coordinator.Testing;
using Coordinator.V1;

namespace Coordinator.EndToEnd.Tests.Gate;

/// <summary>
/// One migration whose only old instance is stopped (SIGSTOP) across its lease, while the service is killed and its database crashes.
/// Cooperative mode: the contract waits for it, and it writes through the old column until it leaves. Strict mode: the contract runs,
/// and it writes nothing when it wakes up.
/// </summary>
internal sealed class PausedRun(PausedWorld world, int seed)
{
    private readonly Random _random = new(seed);
    private readonly bool _strict = seed % 2 == 0;
    private readonly string _name = $"app{seed}";

    private string Table => $"item_{seed}";

    public async Task RunAsync()
    {
        await CreateAsync();
        using var instance = await world.StartInstanceAsync(
            _name,
            _strict ? $"{_name}_v1" : "shop_app",
            $"update {Table} set {(_strict ? "" : "legacy = 'used', ")}n = n + 1");
        await PlanAndStartAsync();
        await instance.SignalAsync("STOP");
        await FaultsAsync();
        await (_strict ? StrictAsync(instance) : CooperativeAsync(instance));
    }

    private async Task CooperativeAsync(CoordinatorProcess instance)
    {
        await BlockedAsync("INSTANCE_SUSPECTED");
        if (_random.Next(3) == 0)
        {
            await world.Client.Migrations.RetireVersionsAsync(new() { Name = _name, Reason = "they are paused for good" });
        }

        await FaultsAsync();
        await BlockedAsync("INSTANCE_SUSPECTED");
        var before = await WritesAsync();
        await instance.SignalAsync("CONT");
        await WritesOnAsync(before);

        // Whoever was admitted goes on without the service.
        await world.KillServerAsync();
        await WritesOnAsync(await WritesAsync());
        await world.StartServerAsync();
        await instance.SignalAsync("TERM");
        await CompletedAsync();
        Assert.DoesNotContain("can't write", instance.Output, StringComparison.Ordinal);
    }

    private async Task StrictAsync(CoordinatorProcess instance)
    {
        await CompletedAsync();
        var before = await WritesAsync();
        await instance.SignalAsync("CONT");
        await Eventually.TrueAsync(
            () => Task.FromResult(instance.Output.Contains("can't write", StringComparison.Ordinal)), "it tries to write");
        await instance.SignalAsync("TERM");
        await instance.EndAsync(CancellationToken.None);
        Assert.Equal(before, await WritesAsync());
        Assert.DoesNotContain("42703", instance.Output, StringComparison.Ordinal);
    }

    private async Task FaultsAsync()
    {
        if (_random.Next(2) == 0)
        {
            await world.KillServerAsync();
            if (_random.Next(2) == 0)
            {
                await world.CrashCoordinationDatabaseAsync();
            }

            await world.StartServerAsync();
        }
        else if (_random.Next(2) == 0)
        {
            await world.CrashCoordinationDatabaseAsync();
        }
    }

    private async Task CreateAsync()
    {
        await world.ExecuteAsync(
            $"""
            create table {Table} (id int primary key, legacy text, n bigint not null default 0);
            insert into {Table} (id) values (1);
            alter table {Table} owner to shop_owner;
            grant select, update on {Table} to shop_app
            """);
        if (_strict)
        {
            await world.ExecuteAsync(
                $"""
                create role {_name}_v1 login;
                grant select, update on {Table} to {_name}_v1;
                do $$ begin
                  if current_setting('server_version_num')::int >= 160000 then
                    execute 'grant {_name}_v1 to coordinator with admin true, inherit false, set false';
                  end if;
                end $$
                """);
        }
    }

    private async Task PlanAndStartAsync()
    {
        var mode = _strict ? $", mode: strict, roles: \"{_name}_v{{version}}\"" : "";
        await world.Client.Applications.SetExpectedPopulationAsync(
            new() { Application = _name, ExpectedPopulation = new() { None = true } });
        await world.Client.Migrations.PlanMigrationAsync(new()
        {
            Yaml =
                $$"""
                migration: {{_name}}
                target: shop
                versions:
                  {{_name}}: { uses_new_from: 2, free_of_old_from: 2{{mode}} }
                operations:
                  - raw_sql: { table: {{Table}}, contract: alter table {{Table}} drop column legacy }
                """,
        });
        await world.Client.Migrations.StartMigrationAsync(new() { Name = _name });
    }

    private Task<Migration> BlockedAsync(string code) => world.WaitForAsync(
        _name,
        migration => migration.State == Migration.Types.State.Completed
            ? throw new InvalidOperationException("The contract ran although an instance was only paused.")
            : migration.Blockers.Any(blocker => blocker.Code == code),
        $"the gate says {code}");

    private Task<Migration> CompletedAsync() =>
        world.WaitForAsync(_name, migration => migration.State == Migration.Types.State.Completed, "the contract runs");

    private Task<long> WritesAsync() => world.AskAsync($"select n from {Table}");

    private Task WritesOnAsync(long before) =>
        Eventually.TrueAsync(async () => await WritesAsync() > before + 3, "the instance goes on writing");
}
