using System.Diagnostics;
using Coordinator.Engine.Applications;
using Coordinator.Engine.Targets;
using Coordinator.FleetBench.Load;
using Coordinator.FleetBench.Servers;
using Coordinator.Testing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Coordinator.FleetBench.Suites;

/// <summary>Renewals through the registry, without the network, beside a bare bulk upsert of as many rows by one connection.</summary>
internal static class DurableRenewals
{
    private const int RowsPerStatement = 1_000;

    public static async Task RunAsync(FleetCluster cluster, FleetOptions options)
    {
        await using var database = await cluster.CreateDatabaseAsync();
        await using var provider = new ServiceCollection().AddLogging()
            .AddCoordinatorEngine(database.ConnectionString, new Dictionary<string, TargetOptions>()).BuildServiceProvider();
        await provider.EnsureCoordinatorSchemaAsync(CancellationToken.None);
        var registry = provider.GetRequiredService<InstanceRegistry>();
        var fleet = Enumerable.Range(0, options.Instances)
            .Select(number => new InstanceReport(ServiceProcess.Application, $"pod-{number}", 1, "1.42.0")).ToArray();
        foreach (var some in fleet.Chunk(RowsPerStatement))
        {
            await Task.WhenAll(some.Select(report => registry.HeartbeatAsync(report, CancellationToken.None)));
        }

        await database.ExecuteAsync(
            """
            create table bare_instance (like coordinator.instance including all) with (fillfactor = 50);
            insert into bare_instance select * from coordinator.instance;
            analyze bare_instance, coordinator.instance
            """);
        var renewals = new List<double>();
        var upserts = new List<double>();
        for (var repetition = 1; repetition <= options.Repetitions; repetition++)
        {
            upserts.Add(await UpsertAsync(database, fleet, options.Segment));
            renewals.Add(await RenewAsync(registry, fleet, options.Segment));
            Report.Meanwhile($"  {repetition}/{options.Repetitions} bare upsert {upserts[^1]:N0} rows/s, renewals {renewals[^1]:N0}/s");
        }

        Report.Line();
        Report.Line($"Durable renewals of {options.Instances:N0} instances, {RowsPerStatement:N0} rows per statement; medians");
        Report.Line($"  bare bulk upsert {Statistics.Median(upserts),9:N0} rows/s");
        Report.Line($"  registry         {Statistics.Median(renewals),9:N0}/s");
        var ratio = Statistics.Median(renewals) / Statistics.Median(upserts);
        Report.Aim($"renewals ≥ 0.80 × bare bulk upsert: {ratio:0.00}", ratio >= 0.8);
    }

    // Twice as many callers as a statement takes rows, so that a full round waits while one is under way.
    private static async Task<double> RenewAsync(InstanceRegistry registry, InstanceReport[] fleet, TimeSpan duration)
    {
        const int callers = 2 * RowsPerStatement;
        var next = 0;
        var load = await ClosedLoop.RunAsync(
            callers,
            duration,
            async _ => await registry.HeartbeatAsync(fleet[(uint)Interlocked.Increment(ref next) % fleet.Length], CancellationToken.None));
        return load.Rate;
    }

    private static async Task<double> UpsertAsync(TestDatabase database, InstanceReport[] fleet, TimeSpan duration)
    {
        var some = fleet.Chunk(RowsPerStatement)
            .Select(chunk => (Applications: chunk.Select(r => r.Application).ToArray(), Instances: chunk.Select(r => r.Instance).ToArray(), Versions: chunk.Select(r => r.Version).ToArray()))
            .ToArray();
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(
            """
            insert into bare_instance (application, instance, version, expires_at)
            select application, instance, version, clock_timestamp() + interval '15 s' from unnest($1, $2, $3) as r(application, instance, version)
            on conflict (application, instance) do update set last_seen_at = clock_timestamp(), expires_at = excluded.expires_at
            """,
            connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string[]> { TypedValue = some[0].Applications },
                new NpgsqlParameter<string[]> { TypedValue = some[0].Instances },
                new NpgsqlParameter<long[]> { TypedValue = some[0].Versions },
            },
        };
        await command.PrepareAsync();
        var rows = 0L;
        var started = Stopwatch.StartNew();
        for (var turn = 0; started.Elapsed < duration; turn++)
        {
            var (applications, instances, versions) = some[turn % some.Length];
            ((NpgsqlParameter<string[]>)command.Parameters[0]).TypedValue = applications;
            ((NpgsqlParameter<string[]>)command.Parameters[1]).TypedValue = instances;
            ((NpgsqlParameter<long[]>)command.Parameters[2]).TypedValue = versions;
            rows += await command.ExecuteNonQueryAsync();
        }

        return rows / started.Elapsed.TotalSeconds;
    }
}
