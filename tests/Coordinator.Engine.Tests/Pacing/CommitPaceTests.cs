using Coordinator.Engine.Leasing;
using Coordinator.Engine.Pacing;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Embedded;
using Coordinator.Postgres.Schema;
using Coordinator.Testing;

namespace Coordinator.Engine.Tests.Pacing;

/// <summary>Looks at a server of its own, whose commits can be made to wait for a standby that is not there.</summary>
public sealed class CommitPaceTests : IAsyncLifetime
{
    private readonly EngineOptions _options = new();
    private EmbeddedPostgres _server = null!;
    private TestDatabase _database = null!;

    public async Task InitializeAsync()
    {
        _server = await EmbeddedPostgres.StartAsync(TestServer.Options(), CancellationToken.None);
        _database = await TestDatabase.CreateAsync(_server.ConnectionString());
        await _database.ExecuteAsync("create table t (id int primary key)");
        await TargetSchema.InstallAsync(_database.DataSource, [], CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _database.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_target_that_does_not_commit_holds_with_the_other_signals_and_after_a_while_stops()
    {
        // No reading is too high here: a busy machine's commits take long too.
        await using var registry = Registry(new PaceOptions { CommitMilliseconds = new() { Soft = 1e9, Hard = 1e9 } });
        var target = registry.Get("shop");
        var pacer = new ShardPacer(target.Shards[0], target, "public.t", _options);
        var start = DateTimeOffset.UnixEpoch;
        await DecideUntilAsync(pacer, start, decision => decision.Signal.Length == 0);

        await SetStandbyAsync("set synchronous_standby_names = 'missing'");
        var held = await DecideUntilAsync(pacer, start, decision => decision.Message.Contains("did not commit within 1 s", StringComparison.Ordinal));

        Assert.Equal(("HOLD", "commit_latency", 2), (held.Move, held.Signal, held.Parallelism));
        var signals = held.Signals.ToDictionary(signal => signal.Name);
        Assert.Equal("UNKNOWN", signals["commit_latency"].Zone);
        Assert.Equal("LOW", signals["replica_lag"].Zone);
        Assert.Equal("LOW", signals["wait_behind_us"].Zone);
        Assert.DoesNotContain("load", signals.Keys);

        var stopped = await pacer.DecideAsync(Sums(start + _options.PaceTimeout + TimeSpan.FromSeconds(1)), CancellationToken.None);
        Assert.Equal(("STOP", "commit_latency", 0), (stopped.Move, stopped.Signal, stopped.Parallelism));
        Assert.Equal(0L, await _database.ScalarAsync<long>("select count(*) from pg_stat_activity where wait_event = 'SyncRep'"));

        await SetStandbyAsync("reset synchronous_standby_names");
        await DecideUntilAsync(pacer, start, decision => decision.Signal.Length == 0);
    }

    [Fact]
    public async Task From_the_third_look_on_the_targets_thresholds_decide()
    {
        // Any commit takes longer than nothing.
        await using var registry = Registry(new PaceOptions { CommitMilliseconds = new() { Soft = 0, Hard = 1e9 } });
        var target = registry.Get("shop");
        var pacer = new ShardPacer(target.Shards[0], target, "public.t", _options);
        var decisions = new List<ShardDecision>();
        for (var look = 0; look < 3; look++)
        {
            decisions.Add(await pacer.DecideAsync(Sums(DateTimeOffset.UnixEpoch), CancellationToken.None));
        }

        Assert.Equal(["", "", "commit_latency"], decisions.Select(decision => decision.Signal));
        Assert.Equal(("HOLD", 0d), (decisions[2].Move, decisions[2].Threshold));
        Assert.True(decisions[2].Reading > 0);
        Assert.Contains("commits take long", decisions[2].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_thresholds_no_commit_is_timed()
    {
        await using var registry = Registry(new PaceOptions { CommitMilliseconds = new() });
        var target = registry.Get("shop");
        var pacer = new ShardPacer(target.Shards[0], target, "public.t", _options);

        var decision = await pacer.DecideAsync(Sums(DateTimeOffset.UnixEpoch), CancellationToken.None);

        Assert.DoesNotContain(decision.Signals, signal => signal.Name == "commit_latency");
        Assert.False(await _database.ScalarAsync<bool>("select is_called from coordinator.commit_probe"));
    }

    private TargetRegistry Registry(PaceOptions pace) => new(new Dictionary<string, TargetOptions>
    {
        ["shop"] = new() { Shards = { ["main"] = _database.ConnectionString }, Pace = pace },
    });

    private async Task SetStandbyAsync(string setting)
    {
        await _database.ExecuteAsync($"alter system {setting}");
        await _database.ExecuteAsync("select pg_reload_conf()");
    }

    // The checkpointer tells the others of a setting some time after it was told itself.
    private static async Task<ShardDecision> DecideUntilAsync(ShardPacer pacer, DateTimeOffset now, Func<ShardDecision, bool> condition)
    {
        ShardDecision? decision = null;
        await Eventually.TrueAsync(
            async () => condition(decision = await pacer.DecideAsync(Sums(now), CancellationToken.None)),
            () => $"the setting is in force; the last decision: {decision?.Message}");
        return decision!;
    }

    private static ShardSums Sums(DateTimeOffset now) => new()
    {
        Shard = "main",
        BatchBlocks = 1,
        Parallelism = GrantSql.Unlimited,
        Running = 0,
        Blocks = 0,
        Rows = 0,
        NewRows = 0,
        Timing = null,
        Settings = new(),
        Now = now,
    };
}
