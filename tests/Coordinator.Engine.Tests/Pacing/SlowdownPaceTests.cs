using Coordinator.Domain.Backfills;
using Coordinator.Engine.Leasing;
using Coordinator.Engine.Pacing;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Schema;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Engine.Tests.Pacing;

/// <summary>What batches that slow each other down lead to, beside an application and on a table that nobody else writes.</summary>
public sealed class SlowdownPaceTests : IAsyncLifetime
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    private TestDatabase _database = null!;
    private TargetRoles _roles = null!;
    private DateTimeOffset _now = DateTimeOffset.UnixEpoch;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync();
        _roles = await TargetRoles.CreateAsync(_database);
        await using var create = _roles.OwnerSource.CreateCommand("create table t (id int primary key, n int); insert into t values (1, 1)");
        await create.ExecuteNonQueryAsync();
        await TargetSchema.InstallAsync(_roles.CoordinatorSource, [], CancellationToken.None);
    }

    public async Task DisposeAsync() => await _roles.DisposeAsync();

    [Fact]
    public async Task Beside_an_application_it_begins_with_one_adds_one_when_it_knows_what_one_takes_and_takes_it_away_with_the_reason()
    {
        await using var registry = Registry();
        var pacer = Pacer(registry);
        await using var application = await WritingApplicationAsync();
        Assert.Equal(1, (await DecideAsync(pacer, running: 0, perBlock: null)).Parallelism);
        var began = _now;

        // What one takes is not known after two looks, however calm the target is.
        for (var look = 0; look < 2; look++)
        {
            var learning = await DecideAsync(pacer, running: 1, perBlock: 10);
            Assert.Equal(("HOLD", "batch_slowdown", 1), (learning.Move, learning.Signal, learning.Parallelism));
            Assert.Contains("not known yet", learning.Message, StringComparison.Ordinal);
        }

        var waiting = await UntilAsync(pacer, running: 1, perBlock: 10, decision => decision.Signal.Length == 0);
        Assert.Equal("HOLD", waiting.Move);
        Assert.Matches("^1 batch at once, one more is tried in 5[0-9] s$", waiting.Message);
        var grown = await UntilAsync(pacer, running: 1, perBlock: 10, decision => decision.Parallelism == 2);
        Assert.Equal("GROW", grown.Move);
        Assert.InRange(_now - began, BatchSlowdown.LearningTime, BatchSlowdown.LearningTime + TimeSpan.FromSeconds(1));

        var dropped = await UntilAsync(pacer, running: 2, perBlock: 19, decision => decision.Parallelism == 1);
        Assert.Equal(("DROP", "batch_slowdown", 1.2), (dropped.Move, dropped.Signal, dropped.Threshold));
        Assert.Equal(1.9, dropped.Reading!.Value, 6);
        Assert.Contains("batches slow each other down", dropped.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stopped_before_its_first_batch_it_begins_soon_after_it_may_and_learns_then()
    {
        await using var brake = await _roles.CoordinatorSource.OpenConnectionAsync();
        await using var registry = Registry(check: "select not exists (select from pg_locks where locktype = 'advisory' and objid = 4711)");
        var pacer = Pacer(registry);
        await using var application = await WritingApplicationAsync();
        await using (var stop = new NpgsqlCommand("select pg_try_advisory_lock(4711)", brake))
        {
            await stop.ExecuteNonQueryAsync();
        }

        for (var look = 0; look < 2; look++)
        {
            var stopped = await DecideAsync(pacer, running: 0, perBlock: null);
            Assert.Equal(("STOP", "check", 0), (stopped.Move, stopped.Signal, stopped.Parallelism));
        }

        await using var go = new NpgsqlCommand("select pg_advisory_unlock(4711)", brake);
        await go.ExecuteNonQueryAsync();
        var freed = _now;
        await UntilAsync(pacer, running: 0, perBlock: null, decision => decision.Parallelism == 1);
        Assert.InRange(_now - freed, TimeSpan.Zero, Throttle.CooldownAfterCut + TimeSpan.FromSeconds(2));

        var first = _now;
        await UntilAsync(pacer, running: 1, perBlock: 10, decision => decision.Parallelism == 2);
        Assert.InRange(_now - first, BatchSlowdown.LearningTime, BatchSlowdown.LearningTime + TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Without_thresholds_it_has_no_say_beside_an_application_either()
    {
        await using var registry = Registry(new PaceThresholds());
        var pacer = Pacer(registry);
        await using var application = await WritingApplicationAsync();

        Assert.Equal(Throttle.InitialParallelism, (await DecideAsync(pacer, running: 0, perBlock: null)).Parallelism);
    }

    [Fact]
    public async Task On_a_table_that_nobody_else_writes_it_has_no_say()
    {
        await using var registry = Registry();
        var pacer = Pacer(registry);
        Assert.Equal(Throttle.InitialParallelism, (await DecideAsync(pacer, running: 0, perBlock: null)).Parallelism);

        await UntilAsync(pacer, running: 2, perBlock: 10, decision => Slowdown(decision).Reading == 1);
        var decision = await UntilAsync(pacer, running: 3, perBlock: 100, decision => Slowdown(decision).Reading == 10);

        Assert.Equal("SHOWN", Slowdown(decision).Zone);
        Assert.True(decision.Parallelism > Throttle.InitialParallelism);
        Assert.Equal("", decision.Signal);
    }

    private async Task<NpgsqlConnection> WritingApplicationAsync()
    {
        var application = await _roles.ApplicationSource.OpenConnectionAsync();
        await using var write = new NpgsqlCommand("begin; update t set n = n", application);
        await write.ExecuteNonQueryAsync();
        return application;
    }

    private static LoadSignalRow Slowdown(ShardDecision decision) => Assert.Single(decision.Signals, signal => signal.Name == "batch_slowdown");

    // A busy machine's commits may take long: they are not what this is about.
    private TargetRegistry Registry(PaceThresholds? slowdown = null, string check = "") => new(new Dictionary<string, TargetOptions>
    {
        ["shop"] = new()
        {
            Shards = { ["main"] = _roles.CoordinatorConnectionString },
            IgnoredRoles = { "postgres", _roles.Owner },
            Pace = new PaceOptions { CommitMilliseconds = new(), BatchSlowdown = slowdown ?? new PaceOptions().BatchSlowdown, Check = check },
        },
    });

    private static ShardPacer Pacer(TargetRegistry registry)
    {
        var target = registry.Get("shop");
        return new ShardPacer(target.Shards[0], target, "\"public\".\"t\"", new EngineOptions(), slowdown: new BatchSlowdown());
    }

    private async Task<ShardDecision> UntilAsync(ShardPacer pacer, int running, double? perBlock, Func<ShardDecision, bool> condition)
    {
        for (var look = 0; look < 150; look++)
        {
            if (await DecideAsync(pacer, running, perBlock) is var decision && condition(decision))
            {
                return decision;
            }
        }

        throw new Xunit.Sdk.XunitException("Not within 150 looks.");
    }

    private Task<ShardDecision> DecideAsync(ShardPacer pacer, int running, double? perBlock) => pacer.DecideAsync(
        new ShardSums
        {
            Shard = "main",
            BatchBlocks = 100,
            Parallelism = GrantSql.Unlimited,
            Running = running,
            Blocks = running,
            Rows = 0,
            NewRows = 0,
            Timing = perBlock is null ? null : new BatchTiming(100, TimeSpan.FromMilliseconds(perBlock.Value * 100), 100, TimeSpan.Zero),
            Settings = new(),
            Now = _now += Look,
        },
        CancellationToken.None);
}
