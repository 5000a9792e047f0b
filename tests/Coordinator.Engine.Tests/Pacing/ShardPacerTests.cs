using Coordinator.Engine.Leasing;
using Coordinator.Engine.Pacing;
using Coordinator.Engine.Targets;
using Coordinator.Engine.Tests.Leasing;
using Coordinator.Postgres.Schema;
using Coordinator.Testing;

namespace Coordinator.Engine.Tests.Pacing;

/// <summary>What a look at a real target leads to, and what the next grant makes of it.</summary>
public sealed class ShardPacerTests : IAsyncLifetime
{
    private readonly CoordinationFixture _fixture = new();
    private BackfillFixture _backfills = null!;
    private TestDatabase _target = null!;
    private TargetRoles _roles = null!;
    private PaceStore _store = null!;

    public async Task InitializeAsync()
    {
        await _fixture.InitializeAsync();
        _backfills = new BackfillFixture(_fixture);
        _store = new PaceStore(_fixture.Coordination, _fixture.Options);
        _target = await TestDatabase.CreateAsync();
        _roles = await TargetRoles.CreateAsync(_target);
        await using var create = _roles.OwnerSource.CreateCommand(
            "create table t (id int primary key, n int not null default 0); insert into t select generate_series(1, 100)");
        await create.ExecuteNonQueryAsync();
        await TargetSchema.InstallAsync(_roles.CoordinatorSource, [_roles.Worker], CancellationToken.None);
        await _backfills.StartAsync(BackfillFixture.Pass("m", 100_000, 100) with { Parallelism = 4 });
    }

    public async Task DisposeAsync()
    {
        await _roles.DisposeAsync();
        await _fixture.DisposeAsync();
    }

    [Fact]
    public async Task The_size_follows_the_time_that_batches_took_in_the_target()
    {
        var pacer = Pacer();
        await LookAsync(pacer);
        await ReportAsync(milliseconds: 10);
        await LookAsync(pacer);
        Assert.Equal(150, await NextSizeAsync());

        await ReportAsync(milliseconds: 5000);
        await LookAsync(pacer);

        Assert.InRange(await NextSizeAsync(), 1, 15);
    }

    [Fact]
    public async Task A_batch_of_a_sweep_stays_within_its_cell()
    {
        await _fixture.Database.ExecuteAsync("update coordinator.backfill set sweep_cell = 120 where migration = 'm'");
        var pacer = Pacer();
        await LookAsync(pacer);
        await ReportAsync(milliseconds: 10);
        await LookAsync(pacer);

        Assert.Equal(120, await PaceAsync(pace => pace.BatchBlocks));
    }

    [Fact]
    public async Task A_batch_that_ran_into_its_time_limit_makes_the_next_ones_small()
    {
        var pacer = Pacer();
        var batch = Assert.Single(await _backfills.AcquireAsync("m", 1));
        await _backfills.Leasing.ReleaseAsync(
            "w", [new BatchRelease(batch.Token, "RETRYABLE_ERROR", "57014", "canceling statement due to statement timeout", 0)], CancellationToken.None);

        await LookAsync(pacer);

        Assert.Equal(10, await PaceAsync(pace => pace.BatchBlocks));
    }

    [Fact]
    public async Task Nobody_else_on_the_table_lets_batches_become_longer_and_a_writer_makes_them_short_again()
    {
        var pacer = Pacer();
        await ReportAsync(milliseconds: 100);
        await LookAsync(pacer);
        Assert.Equal(150, await NextSizeAsync());

        await using (var write = _roles.ApplicationSource.CreateCommand("update t set n = n where id = 1"))
        {
            await write.ExecuteNonQueryAsync();
        }

        await ReportAsync(milliseconds: 150);
        await LookAsync(pacer);
        Assert.Equal(50, await NextSizeAsync());
    }

    [Fact]
    public async Task A_session_that_waits_behind_a_batch_halves_what_runs_and_the_reason_is_readable()
    {
        var pacer = Pacer();
        await LookAsync(pacer);
        await using var worker = await _roles.WorkerSource.OpenConnectionAsync();
        await using var transaction = await worker.BeginTransactionAsync();
        await ExecuteAsync(worker, "update t set n = 1 where id = 7");
        await using var application = _roles.ApplicationSource.CreateCommand("update t set n = 2 where id = 7");
        var waiting = application.ExecuteNonQueryAsync();

        await Eventually.TrueAsync(
            async () =>
            {
                await LookAsync(pacer);
                return await PaceAsync(pace => pace.Parallelism) <= 2;
            },
            "what runs is halved");

        var pace = await PaceAsync(pace => pace);
        Assert.Equal("wait_behind_us", pace.Signal);
        Assert.Contains("a session waits for a lock that a batch holds", pace.Message, StringComparison.Ordinal);
        Assert.NotNull(pace.Reading);
        await transaction.CommitAsync();
        await waiting;
    }

    [Fact]
    public async Task A_target_that_can_not_be_read_holds_and_after_a_while_stops()
    {
        await using var away = new TargetRegistry(new Dictionary<string, TargetOptions>
        {
            ["m"] = new() { Shards = { ["main"] = "Host=127.0.0.1;Port=1;Username=nobody;Timeout=1" } },
        });
        var pacer = Pacer(away);
        await LookAsync(pacer);
        Assert.Equal(("HOLD", "load", 4), await PaceAsync(pace => (pace.Move, pace.Signal, pace.Parallelism)));

        _fixture.Options.PaceTimeout = TimeSpan.Zero;
        await LookAsync(pacer);

        Assert.Equal(("STOP", "load", 0), await PaceAsync(pace => (pace.Move, pace.Signal, pace.Parallelism)));
        Assert.Empty(await _backfills.AcquireAsync("m", 1));
    }

    [Fact]
    public async Task A_role_that_may_not_see_others_never_goes_faster_and_is_told_what_to_grant()
    {
        await _target.ExecuteAsync($"revoke pg_monitor from {_roles.Coordinator}");
        var pacer = Pacer();

        for (var look = 0; look < 6; look++)
        {
            await LookAsync(pacer);
        }

        var pace = await PaceAsync(pace => pace);
        Assert.Equal(("HOLD", 4), (pace.Move, pace.Parallelism));
        Assert.Contains("grant pg_monitor", pace.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("select false", "STOP", "the check says stop")]
    [InlineData("select 3", "HALVE", "the check's number is high")]
    [InlineData("select 'yes'", "HOLD", "boolean or a number")]
    [InlineData("select no_such_column", "HOLD", "no_such_column")]
    [InlineData("insert into t values (1000)", "HOLD", "read-only")]
    [InlineData("select pg_sleep(30) is null", "HOLD", "timeout")]
    [InlineData("select true", "FULL", "")]
    [InlineData("select 0.5", "FULL", "")]
    public async Task A_check_of_the_users_own_decides(string check, string move, string message)
    {
        var pacer = Pacer(check: check);

        await LookAsync(pacer);

        var pace = await PaceAsync(pace => pace);
        Assert.Equal(move, pace.Move);
        Assert.Contains(message, pace.Message, StringComparison.Ordinal);
        Assert.Equal(move == "STOP", (await _backfills.AcquireAsync("m", 1)).Count == 0);
    }

    [Fact]
    public async Task Every_signal_is_shown_with_its_reading_and_thresholds()
    {
        var pacer = Pacer();
        await LookAsync(pacer);
        await LookAsync(pacer);

        var signals = (await PaceAsync(pace => pace.Signals)).ToDictionary(signal => signal.Name);

        Assert.Equal(("LOW", 2d, 10d), (signals["replica_lag"].Zone, signals["replica_lag"].Soft, signals["replica_lag"].Hard));
        Assert.Equal("SHOWN", signals["wal_rate"].Zone);
        Assert.NotNull(signals["wal_rate"].Reading);
        Assert.True(signals["response_time"].Reading > 0);
        Assert.Contains("dead_rows", signals.Keys);
        Assert.Contains("free_space", signals.Keys);
    }

    [Fact]
    public async Task Quiet_hours_stop_by_the_coordination_databases_clock_until_they_end()
    {
        var now = await _fixture.Database.ScalarAsync<DateTime>("select clock_timestamp() at time zone 'UTC'");
        await SetAsync($"quiet_hours = '{now.AddHours(-1):HH:mm}-{now.AddHours(2):HH:mm}'");
        var pacer = Pacer();
        await LookAsync(pacer);

        var pace = await PaceAsync(pace => pace);
        Assert.Equal(("STOP", "quiet_hours"), (pace.Move, pace.Signal));
        Assert.InRange(pace.NotBefore!.Value.UtcDateTime, now.AddHours(1.9), now.AddHours(2.1));
        Assert.Empty(await _backfills.AcquireAsync("m", 1));

        await SetAsync($"quiet_hours = '{now.AddHours(3):HH:mm}-{now.AddHours(4):HH:mm}'");
        await LookAsync(pacer);
        Assert.Single(await _backfills.AcquireAsync("m", 1));
    }

    private ShardPacer Pacer(TargetRegistry? registry = null, string check = "")
    {
        var target = (registry ?? new TargetRegistry(new Dictionary<string, TargetOptions>
        {
            ["m"] = new()
            {
                Shards = { ["main"] = _roles.CoordinatorConnectionString },
                IgnoredRoles = { "postgres", _roles.Owner },
                Pace = { Check = check },
            },
        })).Get("m");
        return new ShardPacer(target.Shards[0], target, "\"public\".\"t\"", _fixture.Options);
    }

    private async Task LookAsync(ShardPacer pacer)
    {
        var sums = Assert.Single(await _store.SumAsync("m", BackfillFixture.Step, CancellationToken.None));
        await _store.WriteAsync("m", BackfillFixture.Step, await pacer.DecideAsync(sums, CancellationToken.None), CancellationToken.None);
    }

    private async Task ReportAsync(int milliseconds)
    {
        var batch = Assert.Single(await _backfills.AcquireAsync("m", 1));
        await _backfills.CompleteAsync(BackfillFixture.Receipt(batch) with { Elapsed = TimeSpan.FromMilliseconds(milliseconds) });
    }

    private async Task<long> NextSizeAsync()
    {
        var batch = Assert.Single(await _backfills.AcquireAsync("m", 1));
        await _backfills.CompleteAsync(BackfillFixture.Receipt(batch));
        return batch.EndBlock - batch.FirstBlock;
    }

    private async Task<T> PaceAsync<T>(Func<BackfillPace, T> read) => read(Assert.Single((await _backfills.ProgressAsync("m")).Paces));

    private Task SetAsync(string set) => _fixture.Database.ExecuteAsync($"update coordinator.backfill_pace set {set} where migration = 'm'");

    private static async Task ExecuteAsync(Npgsql.NpgsqlConnection connection, string sql)
    {
#pragma warning disable CA2100 // The test's own text.
        await using var command = new Npgsql.NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }
}
