using System.Diagnostics;
using Coordinator.BackfillBench.Segments;
using Coordinator.Client;
using Coordinator.Domain.Backfills;
using Coordinator.Testing;
using Coordinator.V1;
using Npgsql;
using BackfillTuning = Coordinator.V1.BackfillTuning;

namespace Coordinator.BackfillBench.Service;

/// <summary>The service and its workers as processes, for one segment's database.</summary>
internal sealed class CoordinatedService : IAsyncDisposable
{
    public const string Migration = "bench";

    /// <summary>A small job that runs first, so that neither code nor connections are cold when the clock starts.</summary>
    private const string WarmUp = "warm-up";

    /// <summary>
    /// Without tiers code is compiled once, in the warm-up. With them each process goes on compiling for about five seconds of
    /// processor time, which a service pays once in its life, and a segment of half a minute on two cores would pay every time.
    /// </summary>
    private const string CompileOnce = "DOTNET_TieredCompilation";

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(60);

    private readonly BenchDatabase _database;
    private readonly string _coordination;
    private readonly bool _limited;
    private readonly bool _throttled;
    private readonly List<string> _addresses = [NewAddress()];
    private readonly CoordinatorProcess _server;
    private readonly List<CoordinatorProcess> _replicas = [];
    private readonly List<CoordinatorProcess> _workers = [];
    private readonly NpgsqlDataSource _questions;

    private CoordinatedService(BenchDatabase database, string coordination, bool limited, bool throttled)
    {
        _database = database;
        _coordination = coordination;
        _questions = NpgsqlDataSource.Create(database.Cluster.ConnectionString(coordination));
        _limited = limited;
        _throttled = throttled;
        _server = StartServer($"{database.Name}-server", _addresses[0]);
        Client = NewClient();
    }

    public CoordinatorClient Client { get; }

    /// <summary>Questions to the coordination database.</summary>
    public NpgsqlDataSource Coordination => _questions;

    public long ServerMemory => _server.PeakMemory;

    public long ServerMemoryNow => _server.Memory;

    /// <summary>Of the largest worker; 0 without workers.</summary>
    public long WorkerMemoryNow => _workers.Select(worker => worker.Memory).DefaultIfEmpty().Max();

    public long WorkerMemory => _workers.Max(worker => worker.PeakMemory);

    /// <summary>Of all replicas.</summary>
    public TimeSpan ServerProcessorTime =>
        _replicas.Aggregate(_server.ProcessorTime, (sum, replica) => sum + replica.ProcessorTime);

    public TimeSpan WorkersProcessorTime => _workers.Aggregate(TimeSpan.Zero, (sum, worker) => sum + worker.ProcessorTime);

    /// <summary>
    /// Starts a service; <paramref name="limited"/> keeps the limit of batches at a time on one target server, and without
    /// <paramref name="throttled"/> no batch is too slow for it.
    /// </summary>
    public static async Task<CoordinatedService> StartAsync(BenchDatabase database, bool limited = false, bool throttled = true)
    {
        var coordination = database.Name + "_coordination";
        await database.Cluster.ExecuteAsync("postgres", $"create database {coordination} owner bench_coordinator");
        var service = new CoordinatedService(database, coordination, limited, throttled);
        await AnswersAsync(service.Client, service._server);
        return service;
    }

    /// <summary>Starts another replica on the same coordination database.</summary>
    public async Task AddReplicaAsync()
    {
        _addresses.Add(NewAddress());
        var replica = StartServer($"{_database.Name}-server-{_addresses.Count}", _addresses[^1]);
        _replicas.Add(replica);
        using var client = NewClient(_addresses.Count - 1);
        await AnswersAsync(client, replica);
    }

    /// <summary>Starts workers and has them fill a small table, batch by batch of a row.</summary>
    public async Task WarmUpAsync(int workers)
    {
        await _database.ExecuteAsync(
            "set role bench_owner",
            "create table warm (id int primary key, value int, value_copy int)",
            "insert into warm select n, n from generate_series(1, 50000) n",
            "grant select, update on warm to bench_worker",
            "reset role",
            "vacuum analyze warm");
        await OpenAsync(
            WarmUp,
            $$"""
            migration: {{WarmUp}}
            target: bench
            versions:
              bench: { uses_new_from: 1, free_of_old_from: 1 }
            operations:
              - raw_sql:
                  backfill: { table: warm, by: blocks, sql: "update warm set value_copy = value where {range}" }
            """,
            new BackfillTuning { BatchRows = 1, MaxParallel = workers });
        StartWorkers(workers);
        await UntilAsync(async () => await FinishedAsync(WarmUp), "the warm-up is finished");
    }

    /// <summary>Plans and starts the migration, and waits until its batches could be granted, as fast as the tuning allows.</summary>
    public Task OpenBackfillAsync(string yaml, BackfillTuning tuning) => OpenAsync(Migration, yaml, tuning);

    private async Task OpenAsync(string migration, string yaml, BackfillTuning tuning)
    {
        await Client.Migrations.PlanMigrationAsync(new PlanMigrationRequest { Yaml = yaml });
        await Client.Migrations.StartMigrationAsync(new StartMigrationRequest { Name = migration });
        await UntilAsync(
            async () => await AskAsync<long>($"select count(*) from coordinator.backfill where state = 0 and migration = '{migration}'") > 0,
            "the backfill is open");
        var backfills = await Client.Backfills.ListBackfillsAsync(new ListBackfillsRequest { Parent = $"migrations/{migration}" });
        await Client.Backfills.TuneBackfillAsync(new TuneBackfillRequest
        {
            Name = backfills.Backfills.Single().Name,
            Tuning = tuning,
            RequestId = Guid.NewGuid().ToString(),
        });
    }

    /// <summary>A client with connections of its own, to one of the replicas: they are taken in turn.</summary>
    public CoordinatorClient NewClient(int place = 0)
    {
        var options = new CoordinatorClientOptions();
        options.Addresses.Add(_addresses[place % _addresses.Count]);
        return new CoordinatorClient(options);
    }

    /// <summary>
    /// A copy of the open backfill that nobody drives, so that no throttle bounds who may ask for its batches: one block each.
    /// </summary>
    /// <param name="name">The copy's migration.</param>
    /// <param name="blocks">How many blocks it pretends to have; null: those of the table.</param>
    /// <param name="server">The target server that it pretends to be on; null: the one of the table.</param>
    public Task CopyBackfillAsync(string name, long? blocks = null, long? server = null)
    {
        var end = blocks is null ? "" : $", \"end_block\": {blocks}";
        var on = server is null ? "" : $", \"system_identifier\": {server}";
        return _database.Cluster.ExecuteAsync(
            _coordination,
            $$"""
            insert into coordinator.backfill
            select (jsonb_populate_record(b, '{"migration": "{{name}}"{{on}}}')).* from coordinator.backfill b where b.migration = '{{Migration}}'
            """,
            $$"""
            insert into coordinator.backfill_range
            select (jsonb_populate_record(r, '{"migration": "{{name}}"{{end}}}')).* from coordinator.backfill_range r where r.migration = '{{Migration}}'
            """,
            $$"""
            insert into coordinator.backfill_pace
            select (jsonb_populate_record(p, '{"migration": "{{name}}", "batch_blocks": 1, "parallelism": 2147483647, "max_parallel": null, "fresh_until": "infinity"}')).*
              from coordinator.backfill_pace p where p.migration = '{{Migration}}'
            """,
            $"""
            insert into coordinator.target_server
            select system_identifier from coordinator.backfill where migration = '{name}' on conflict do nothing
            """);
    }

    /// <summary>The open backfill's batches in the order in which they would be granted, all of so many rows.</summary>
    public async Task<IReadOnlyList<BareBatch>> CutAsync(int batchRows)
    {
        await using var command = _questions.CreateCommand(
            $"""
            select statement, total_blocks, sweep_cell, coordinator.visits(total_blocks, sweep_cell), cardinality(key_columns) > 0
            from coordinator.backfill where migration = '{Migration}'
            """);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        var (statement, blocks, cell, visits) = (reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
        var marks = reader.GetBoolean(4) ? await MarksAsync() : [];
        var size = BatchSize.ForRows(batchRows, visits, _database.Rows);
        var cuts = cell == 0
            ? BlockRanges.Tile(blocks, size).Select(range => (Statement: statement, First: range.From, End: range.To))
            : Swept(statement, blocks, cell, Math.Min(size, cell));
        return
        [
            .. cuts.Select(cut => marks.Count == 0
                ? BareBatch.OfBlocks(cut.Statement, cut.First, cut.End)
                : BareBatch.OfKeys(cut.Statement, marks.GetValueOrDefault(cut.First), marks[cut.End])),
        ];
    }

    private async Task<Dictionary<long, string[]>> MarksAsync()
    {
        await using var source = NpgsqlDataSource.Create(_database.Cluster.ConnectionString(_database.Name));
        await using var command = source.CreateCommand($"select mark, key from coordinator.key_mark where migration = '{Migration}'");
        await using var reader = await command.ExecuteReaderAsync();
        var marks = new Dictionary<long, string[]>();
        while (await reader.ReadAsync())
        {
            marks.Add(reader.GetInt64(0), await reader.GetFieldValueAsync<string[]>(1));
        }

        return marks;
    }

    private static IEnumerable<(string Statement, long First, long End)> Swept(string statement, long blocks, long cell, long size)
    {
        var cells = (blocks + cell - 1) / cell;
        for (var turn = 0L; turn < cells; turn++)
        {
            for (var place = 0L; place < cell; place += size)
            {
                for (var sweep = 0L; sweep < BlockSweeps.Count; sweep++)
                {
                    var first = ((turn - (4 * sweep) + (cells * 12)) % cells * cell) + place;
                    if (first < blocks)
                    {
                        yield return (BlockSweeps.Narrow(statement, sweep << 30), first, Math.Min(first + Math.Min(size, cell - place), blocks));
                    }
                }
            }
        }
    }

    /// <summary>Pauses the migration, and waits until none of its batches is granted any more.</summary>
    public async Task PauseAsync()
    {
        await Client.Migrations.PauseMigrationAsync(new PauseMigrationRequest { Name = Migration });
        await UntilAsync(
            async () => await AskAsync<long>($"select count(*) from coordinator.backfill where state = 0 and migration = '{Migration}'") == 0,
            "the backfill is paused");
    }

    /// <summary>From the first grant until the last commit so far, and how many rows were filled.</summary>
    public async Task<(DateTimeOffset From, DateTimeOffset To, long Rows)> WindowAsync()
    {
        var from = await AskAsync<DateTime>($"select min(granted_at) from coordinator.backfill_batch where migration = '{Migration}'");
        var to = await _database.ScalarAsync<DateTime>($"select max(committed_at) from coordinator.ledger where migration = '{Migration}'");
        return (from, to, await _database.ScalarAsync<long>($"select sum(rows)::bigint from coordinator.ledger where migration = '{Migration}'"));
    }

    public void StartWorkers(int count)
    {
        for (var worker = 1; worker <= count; worker++)
        {
            _workers.Add(CoordinatorProcess.Start(
                $"{_database.Name}-worker-{worker}",
                _database.Cluster.Directory,
                new Dictionary<string, string>
                {
                    [CompileOnce] = "0",
                    ["COORDINATOR_TARGET_BENCH"] = _database.Cluster.ConnectionString(_database.Name, "bench_worker", "coordinator-worker"),
                },
                "worker",
                "--worker-id",
                $"worker-{worker}",
                "--address",
                _addresses[0]));
        }
    }

    /// <summary>Waits for the backfill's end; from its first grant to its last commit, both by the database server's clock.</summary>
    public async Task<TimeSpan> BackfilledAsync()
    {
        // Seldom, because on a machine that is busy to the last the questions would be part of what is measured.
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        var started = Stopwatch.GetTimestamp();
        while (!await FinishedAsync(Migration))
        {
            if (Stopwatch.GetElapsedTime(started) > Longest)
            {
                throw new TimeoutException($"The backfill is not finished after {Longest.TotalMinutes:0} minutes; the service printed: {_server.Tail}");
            }

            await timer.WaitForNextTickAsync();
        }

        var (from, to, _) = await WindowAsync();
        return to - from;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers)
        {
            worker.Dispose();
        }

        foreach (var replica in _replicas)
        {
            replica.Dispose();
        }

        _server.Dispose();
        Client.Dispose();
        await _questions.DisposeAsync();
        await _database.Cluster.ExecuteAsync("postgres", $"drop database if exists {_coordination} with (force)");
    }

    private CoordinatorProcess StartServer(string name, string address)
    {
        var cluster = _database.Cluster;
        var environment = new Dictionary<string, string>
        {
            [CompileOnce] = "0",
            ["Coordinator__ConnectionString"] = cluster.ConnectionString(_coordination, "bench_coordinator", "coordinator"),
            ["Coordinator__Listen"] = address,
            ["Coordinator__HttpListen"] = "",
            ["Coordinator__Targets__bench__Shards__main"] = cluster.ConnectionString(_database.Name, "bench_coordinator", "coordinator"),
            ["Coordinator__Targets__bench__WorkerRoles__0"] = "bench_worker",
            ["Coordinator__Targets__bench__IgnoredRoles__0"] = "postgres",
            ["Coordinator__Targets__bench__IgnoredRoles__1"] = "bench_owner",
        };
        if (!_limited)
        {
            // What a server bears is the throttle's business; this limit would only hide what is measured.
            environment["Coordinator__Timings__ServerParallelism"] = "2147483647";
        }

        if (!_throttled)
        {
            foreach (var threshold in (string[])["BatchSlowdown__Soft", "BatchSlowdown__Hard", "CommitMilliseconds__Soft", "CommitMilliseconds__Hard"])
            {
                environment[$"Coordinator__Targets__bench__Pace__{threshold}"] = "";
            }
        }

        return CoordinatorProcess.Start(name, cluster.Directory, environment, "serve");
    }

    private static Task AnswersAsync(CoordinatorClient client, CoordinatorProcess server) => Eventually.SucceedsAsync<CoordinatorException>(
        () => client.Migrations.ListMigrationsAsync(new ListMigrationsRequest()).ResponseAsync,
        () => $"the service answers; it printed: {server.Tail}",
        TimeSpan.FromMinutes(10));

    private static string NewAddress() => $"http://127.0.0.1:{CoordinatorProcess.FreePort()}";

    private async Task<bool> FinishedAsync(string migration) =>
        await AskAsync<long>($"select count(*) from coordinator.backfill where state = 2 and migration = '{migration}'") > 0;

    private async Task<T> AskAsync<T>(string sql)
    {
#pragma warning disable CA2100 // The benchmark's own literals.
        await using var command = _questions.CreateCommand(sql);
#pragma warning restore CA2100
        return (T)(await command.ExecuteScalarAsync())!;
    }

    private Task UntilAsync(Func<Task<bool>> condition, string what) => Eventually.TrueAsync(
        condition, () => $"{what}; the service printed: {_server.Tail}", TimeSpan.FromMinutes(10));
}
