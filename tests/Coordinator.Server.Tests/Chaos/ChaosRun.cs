using System.Collections.Concurrent;
using System.Diagnostics;
using Coordinator.Engine;
using Coordinator.Engine.Targets;
using Coordinator.Server.Tests.Hosting;
using Coordinator.Testing;
using Grpc.Core;
using StepState = Coordinator.V1.Step.Types.State;

namespace Coordinator.Server.Tests.Chaos;

/// <summary>
/// One backfill by eight real workers over real gRPC, a real engine and real databases, while everything that can happen to
/// them happens in an order that a seed decides. The seed repeats what is done and when in the run's own terms (after so many
/// batches), not how the operating system schedules it: a seed that failed once fails again soon, not always at once.
/// </summary>
internal sealed class ChaosRun : IAsyncDisposable
{
    public const string Migration = "chaos";

    private const int Workers = 8;

    private const string Specification =
        $$"""
        migration: {{Migration}}
        target: shop
        versions:
          shop-api: { uses_new_from: 2, free_of_old_from: 2 }
        contract:
          approval: required
        operations:
          - rename_column: { table: item, from: comment, to: message }
          - raw_sql:
              backfill:
                table: slot
                by: blocks
                sql: update item set n = n + 1 where slot in (select id from slot where {range})
          - raw_sql:
              backfill:
                table: item
                sql: update item set k = k + 1 where {range}
        """;

    private static readonly TimeSpan LongestRun = TimeSpan.FromSeconds(40);

    private readonly TestDatabase _coordination;
    private readonly ConcurrentQueue<string> _violations = [];
    private readonly ConcurrentBag<ChaosWorker> _gone = [];
    private int _born;

    private ChaosRun(TestDatabase coordination, ChaosTarget target, ServerHost server, int seed)
    {
        _coordination = coordination;
        Target = target;
        Server = server;
        Random = new Random(seed);
    }

    public ChaosTarget Target { get; }

    public TestDatabase Coordination => _coordination;

    /// <summary>The replica that serves now.</summary>
    public ServerHost Server { get; private set; }

    public Random Random { get; }

    public List<ChaosWorker> Fleet { get; } = [];

    /// <summary>Messages on their way that nobody waits for any more.</summary>
    public ConcurrentQueue<Func<Task>> Strays { get; } = [];

    /// <summary>What was done, by kind.</summary>
    public SortedDictionary<string, int> Done { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether both backfills are finished and verified, or something is wrong.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>What went wrong; and what was done meanwhile.</summary>
    internal sealed record Result(int Seed, IReadOnlyList<string> Violations, long Takeovers, TimeSpan Time, string Faults)
    {
        public override string ToString() =>
            $"seed {Seed}: {(Violations.Count == 0 ? "holds" : string.Join("; ", Violations.Take(5)))}; {Takeovers} takeovers, {Faults} in {Time.TotalSeconds:0.0} s";
    }

    public static async Task<Result> RunAsync(int seed, ChaosMutant? mutant = null)
    {
        var started = Stopwatch.StartNew();
        var coordination = await TestDatabase.CreateAsync();
        var target = await ChaosTarget.CreateAsync();
        await using var run = new ChaosRun(coordination, target, await StartServerAsync(coordination, target), seed);
        await run.OpenAsync();
        if (mutant is not null)
        {
            await mutant.InstallAsync(target);
        }

        var traffic = new ShopTraffic(target, run.Random);
        await using (traffic)
        {
            run.Fill();
            var watch = run.WatchAsync(started);
            await new ChaosFaults(run).RunAsync();
            await watch;
            await run.StopFleetAsync();
        }

        var takeovers = await coordination.ScalarAsync<long>("select coalesce(sum(takeovers), 0)::bigint from coordinator.backfill_batch");
        return new Result(
            seed,
            [.. run._violations, .. await target.ViolationsAsync(), .. await traffic.LostWritesAsync(), .. await run.DifferencesAsync()],
            takeovers,
            started.Elapsed,
            string.Join(", ", run.Done.Select(fault => $"{fault.Value} {fault.Key}")));
    }

    public void Violate(string violation) => _violations.Enqueue(violation);

    public ChaosWorker NewWorker() => new(
        $"w{++_born}", Target.Roles.WorkerConnectionString, () => new Uri(Server.Address), Strays, Random);

    /// <summary>Takes a worker's place; its own end is waited for at the end of the run.</summary>
    public void Bury(int place)
    {
        _gone.Add(Fleet[place]);
        Fleet[place] = NewWorker();
    }

    public async Task RestartServerAsync(bool overlapping)
    {
        var before = Server;
        if (overlapping)
        {
            Server = await StartServerAsync(Coordination, Target);
            await before.DisposeAsync();
        }
        else
        {
            await before.DisposeAsync();
            Server = await StartServerAsync(Coordination, Target);
        }
    }

    /// <summary>Waits until so many more batches are committed, or the run or the time is over.</summary>
    public async Task AfterCommitsAsync(int more, TimeSpan atMost)
    {
        var goal = await Target.CommitsAsync() + more;
        await UntilAsync(async () => await Target.CommitsAsync() >= goal, atMost);
    }

    /// <summary>Waits for something that may not come.</summary>
    public async Task<bool> UntilAsync(Func<Task<bool>> condition, TimeSpan atMost)
    {
        var started = Stopwatch.StartNew();
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!await condition())
        {
            if (HasEnded || started.Elapsed > atMost)
            {
                return false;
            }

            await look.WaitForNextTickAsync();
        }

        return true;
    }

    /// <summary>An order to the service, repeated under its id until it is taken: it may be away.</summary>
    public async Task OrderAsync(Func<V1.MigrationService.MigrationServiceClient, string, Task> order)
    {
        var id = Guid.CreateVersion7().ToString();
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    await order(Server.Migrations, id);
                    return true;
                }
                catch (RpcException exception) when (exception.StatusCode is StatusCode.Unavailable or StatusCode.Aborted or StatusCode.Internal)
                {
                    return false;
                }
            },
            "the service takes an order");
    }

    public async ValueTask DisposeAsync()
    {
        await StopFleetAsync();
        await Server.DisposeAsync();
        await Target.DisposeAsync();
        await _coordination.DisposeAsync();
    }

    private static Task<ServerHost> StartServerAsync(TestDatabase coordination, ChaosTarget target)
    {
        var options = ServerHost.Options(coordination.ConnectionString);
        options.Timings = new EngineOptions
        {
            // Short enough to lapse all the time.
            BatchLease = TimeSpan.FromMilliseconds(300),
            BatchLockTimeout = TimeSpan.FromMilliseconds(800),
            BatchStatementTimeout = TimeSpan.FromSeconds(3),
            PaceInterval = TimeSpan.FromMilliseconds(100),
            SweepFromBlocks = 1,
        };
        options.Targets["shop"] = new TargetOptions
        {
            Shards = { ["main"] = target.Roles.CoordinatorConnectionString },
            WorkerRoles = { target.Roles.Worker },
            IgnoredRoles = { "postgres", target.Roles.Owner },
            // Pace is not what this is about.
            Pace = new PaceOptions { MaxWait = TimeSpan.FromSeconds(10), DeadRows = new(), CommitMilliseconds = new(), BatchSlowdown = new() },
        };
        return ServerHost.StartAsync(options);
    }

    private async Task OpenAsync()
    {
        // All workers at once, whatever the load is: pace is not what this is about.
        await Coordination.ExecuteAsync(
            """
            create function unpaced() returns trigger language plpgsql as $$
            begin
              new.parallelism := 16;
              return new;
            end $$;
            create trigger unpaced before insert or update on coordinator.backfill_pace for each row execute function unpaced();
            """);
        await Server.Applications.SetExpectedPopulationAsync(new() { Application = "shop-api", ExpectedPopulation = new() { None = true } });
        await Server.Migrations.PlanMigrationAsync(new() { Yaml = Specification });
        await Server.Migrations.StartMigrationAsync(new() { Name = Migration });
        await Eventually.TrueAsync(
            () => Coordination.ScalarAsync<bool>("select exists (select from coordinator.backfill)"), "the backfill is open");
        await Target.InstrumentAsync();
    }

    private void Fill()
    {
        while (Fleet.Count < Workers)
        {
            Fleet.Add(NewWorker());
        }
    }

    private async Task WatchAsync(Stopwatch started)
    {
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(25));
        while (!HasEnded)
        {
            await look.WaitForNextTickAsync();
            if (started.Elapsed > LongestRun)
            {
                Violate("STUCK: " + await LastWordsAsync());
                HasEnded = true;
            }
            else if (await LookAsync() is { } migration)
            {
                foreach (var failed in migration.Steps.Where(step => step.State == StepState.Failed))
                {
                    Violate($"FAILED: {failed.Id}: {failed.FailureMessage}");
                    HasEnded = true;
                }

                HasEnded |= migration.Blockers.Any(blocker => blocker.Code == "APPROVAL_MISSING");
            }
        }
    }

    private async Task<V1.Migration?> LookAsync()
    {
        try
        {
            return (await Server.Migrations.GetMigrationAsync(new() { Name = Migration })).Migration;
        }
        catch (Exception exception) when (exception is RpcException or ObjectDisposedException)
        {
            return null;
        }
    }

    private async Task<string> LastWordsAsync() =>
        await Coordination.ScalarAsync<string>(
            """
            select coalesce((select activity from coordinator.migration_activity), '') || ' / ' || coalesce(string_agg(
                       format('%s %s: epoch %s, %s, %s failures, %s, expires %s', step, batch, epoch, holder, failures, last_failure, expires_at - clock_timestamp()), ' | '), '')
              from coordinator.backfill_batch where state = 0
            """);

    private async Task StopFleetAsync()
    {
        List<ChaosWorker> all = [.. Fleet, .. _gone];
        Fleet.Clear();
        _gone.Clear();
        foreach (var worker in all)
        {
            try
            {
                await worker.DisposeAsync();
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // Nothing that happens to a worker may end it by an exception.
                Violate($"WORKER: {worker.Id} ended with {exception.GetType().Name}: {exception.Message}");
            }
        }
    }

    /// <summary>Where the coordinator's view, the ledger and the table's tiling do not say the same.</summary>
    private async Task<IReadOnlyList<string>> DifferencesAsync()
    {
        var believed = await ListAsync(
            Coordination,
            "select format('%s/%s %s-%s %s', step, batch, first_block, end_block, case state when 1 then 'done' else 'open' end) from coordinator.backfill_batch");
        var ledger = await ListAsync(Target.Database, "select format('%s/%s %s-%s %s', step, batch, lo, hi, state) from coordinator.ledger");
        var holes = await ListAsync(
            Coordination,
            """
            select format('MISSED: %s has a hole or an overlap at block %s in sweep %s', step, first_block, sweep)
              from (select step, sweep, first_block, lag(end_block, 1, 0::bigint) over (partition by step, sweep order by first_block) as before
                      from (select step, (batch >> 30) & 3 as sweep, first_block, end_block from coordinator.backfill_batch) as tile) as tiles
             where first_block <> before
            union all
            select format('MISSED: %s ends at block %s of %s in sweep %s', f.step, max(b.end_block), f.total_blocks, sweep)
              from coordinator.backfill f cross join generate_series(0, case when f.sweep_cell > 0 then 3 else 0 end) as sweep
                left join coordinator.backfill_batch b
                  on b.migration = f.migration and b.shard = f.shard and b.step = f.step and (b.batch >> 30) & 3 = sweep
             group by f.step, f.total_blocks, sweep having max(b.end_block) is distinct from f.total_blocks
            union all
            select format('ONE_GO: %s is not gone over in sweeps', step) from coordinator.backfill
             where sweep_cell = 0 and statement not like '%slot%'
            """);
        return
        [
            .. holes,
            .. believed.Except(ledger).Select(batch => $"LEDGER: the coordinator has {batch}"),
            .. ledger.Except(believed).Select(batch => $"LEDGER: the target has {batch}"),
        ];
    }

    private static async Task<List<string>> ListAsync(TestDatabase database, string sql)
    {
        await using var command = database.DataSource.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync())
        {
            lines.Add(reader.GetString(0));
        }

        return lines;
    }
}
