using Coordinator.Engine.Leasing;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Engine.Tests.Leasing;

public sealed class BatchReportTests(CoordinationFixture fixture) : IClassFixture<CoordinationFixture>
{
    private readonly BackfillFixture _backfills = new(fixture);

    [Fact]
    public async Task A_renewal_extends_a_lease_that_holds()
    {
        var batch = await GrantAsync("renew");
        await fixture.Database.ExecuteAsync(
            "update coordinator.backfill_batch set expires_at = clock_timestamp() + interval '1 s' where migration = 'renew'");

        Assert.Equal([batch.Token], await _backfills.RenewAsync(batch.Token));

        Assert.True(await fixture.Database.ScalarAsync<bool>(
            "select expires_at > clock_timestamp() + interval '10 s' from coordinator.backfill_batch where migration = 'renew'"));
    }

    [Fact]
    public async Task A_renewal_after_expiry_is_refused_also_while_nobody_else_has_the_batch()
    {
        var batch = await GrantAsync("too-late");
        await _backfills.ExpireAsync("too-late");

        Assert.Empty(await _backfills.RenewAsync(batch.Token));
        Assert.Equal(2, Assert.Single(await _backfills.AcquireAsync("too-late", 1)).Token.Epoch);
    }

    [Fact]
    public async Task A_delayed_renewal_does_not_steal_a_batch_back()
    {
        var first = await GrantAsync("steal");
        await _backfills.ExpireAsync("steal");
        var second = Assert.Single(await _backfills.AcquireAsync("steal", 1, worker: "other"));

        Assert.Empty(await _backfills.RenewAsync(first.Token));
        Assert.Empty(await _backfills.RenewAsync(second.Token));
        Assert.Equal([second.Token], await _backfills.Leasing.RenewAsync("other", [second.Token], CancellationToken.None));
    }

    [Fact]
    public async Task Renewals_answer_token_by_token()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("mixed", 30, 10));
        var granted = await _backfills.AcquireAsync("mixed", 3);
        await _backfills.CompleteAsync(BackfillFixture.Receipt(granted[0]));

        var renewed = await _backfills.RenewAsync(
            granted[0].Token,
            granted[1].Token,
            granted[2].Token with { LeaseId = Guid.NewGuid() },
            granted[1].Token with { Migration = "never-heard-of" });

        Assert.Equal([granted[1].Token], renewed);
    }

    [Fact]
    public async Task A_completion_may_be_repeated()
    {
        var batch = await GrantAsync("repeat");

        await _backfills.CompleteAsync(BackfillFixture.Receipt(batch, rows: 12));
        await _backfills.CompleteAsync(BackfillFixture.Receipt(batch, rows: 12), BackfillFixture.Receipt(batch, rows: 12));

        var progress = await _backfills.ProgressAsync("repeat");
        Assert.Equal((12L, 1L, 10L, 0L), (progress.Rows, progress.Batches, progress.DoneBlocks, progress.Leased));
        Assert.True(await _backfills.IsDoneAsync("repeat"));
    }

    [Fact]
    public async Task A_completion_of_a_superseded_grant_counts_because_the_effect_is_there()
    {
        var first = await GrantAsync("superseded");
        await _backfills.ExpireAsync("superseded");
        var second = Assert.Single(await _backfills.AcquireAsync("superseded", 1, worker: "other"));

        await _backfills.CompleteAsync(BackfillFixture.Receipt(first, rows: 12));

        Assert.Empty(await _backfills.Leasing.RenewAsync("other", [second.Token], CancellationToken.None));
        // The successor found it done in the ledger and reports it too, later.
        await _backfills.CompleteAsync(BackfillFixture.Receipt(second, rows: 12));
        Assert.Equal(12, (await _backfills.ProgressAsync("superseded")).Rows);
    }

    [Fact]
    public async Task A_completion_from_another_incarnation_of_the_target_is_refused_and_the_others_are_kept()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("moved", 20, 10));
        var granted = await _backfills.AcquireAsync("moved", 2);

        var code = await BackfillFixture.CodeAsync(() => _backfills.CompleteAsync(
            BackfillFixture.Receipt(granted[0]), BackfillFixture.Receipt(granted[1], timeline: "00000000")));

        Assert.Equal("TARGET_MOVED", code);
        Assert.Equal(1, (await _backfills.ProgressAsync("moved")).Batches);
        Assert.Equal("TARGET_MOVED", await BackfillFixture.CodeAsync(() => _backfills.CompleteAsync(
            BackfillFixture.Receipt(granted[1]) with { SystemIdentifier = 1 })));
    }

    [Fact]
    public async Task A_completion_from_before_a_failover_that_waits_for_the_resumption_is_refused()
    {
        var batch = await GrantAsync("failover");
        await _backfills.PauseAsync("failover");
        await using var held = await HeldTransaction.BeginAsync(
            fixture.Database, "update coordinator.backfill set timeline = '00000002', state = 0 where migration = 'failover'");
        var completion = BackfillFixture.CodeAsync(() => _backfills.CompleteAsync(BackfillFixture.Receipt(batch)));
        await held.WaitersAsync(1);

        await held.CommitAsync();

        Assert.Equal("TARGET_MOVED", await completion);
        Assert.Equal(0, (await _backfills.ProgressAsync("failover")).Batches);
    }

    [Fact]
    public async Task A_completion_of_an_unknown_backfill_is_refused()
    {
        var batch = await GrantAsync("deleted");
        await using (var session = fixture.Store.OpenSession())
        {
            _backfills.Control.EnlistDelete(session, "deleted");
            await session.SaveChangesAsync();
        }

        Assert.Equal("BACKFILL_NOT_FOUND", await BackfillFixture.CodeAsync(
            () => _backfills.CompleteAsync(BackfillFixture.Receipt(batch))));
        Assert.Empty(await _backfills.RenewAsync(batch.Token));
        await _backfills.ReleaseAsync(batch.Token);
    }

    [Fact]
    public async Task A_release_ends_the_lease_and_the_next_grant_waits_longer_each_time()
    {
        var batch = await GrantAsync("release");
        var request = Guid.NewGuid();
        var waits = new List<double>();
        for (var failure = 1; failure <= 12; failure++)
        {
            await _backfills.ReleaseAsync(batch.Token);
            waits.Add(await fixture.Database.ScalarAsync<double>(
                """
                select extract(epoch from expires_at - clock_timestamp())::float8
                from coordinator.backfill_batch where migration = 'release'
                """));
            await fixture.Database.ExecuteAsync(
                "update coordinator.backfill_batch set expires_at = clock_timestamp() + interval '1 hour' where migration = 'release'");
            Assert.Empty(await _backfills.RenewAsync(batch.Token));
            Assert.Empty(await _backfills.AcquireAsync("release", 1, request));
            request = Guid.NewGuid();
            await _backfills.ExpireAsync("release");
            batch = Assert.Single(await _backfills.AcquireAsync("release", 1, request));
            Assert.Equal(failure + 1, batch.Token.Epoch);
        }

        Assert.InRange(waits[0], -1, 0.1);
        Assert.InRange(waits[6], 1, 6.4);
        Assert.InRange(waits[11], 7, 30);
        var progress = await _backfills.ProgressAsync("release");
        Assert.Equal("STATEMENT_FAILED (23514): violates check", progress.LastFailure);
        Assert.Equal(0, progress.Takeovers);
    }

    [Theory]
    [InlineData("WORKER_STOPPING")]
    [InlineData("LEASE_EXPIRED")]
    [InlineData("SUPERSEDED")]
    public async Task A_release_that_is_no_failure_lets_the_next_worker_begin_at_once(string reason)
    {
        var migration = "free-" + reason.ToLowerInvariant().Replace('_', '-');
        var batch = await GrantAsync(migration);

        await _backfills.Leasing.ReleaseAsync("w", [new BatchRelease(batch.Token, reason, "", "", 0)], CancellationToken.None);

        Assert.Equal(2, Assert.Single(await _backfills.AcquireAsync(migration, 1)).Token.Epoch);
        Assert.Null((await _backfills.ProgressAsync(migration)).LastFailure);
    }

    [Fact]
    public async Task A_release_raises_the_epoch_above_what_was_seen_in_the_target()
    {
        var batch = await GrantAsync("observed");

        await _backfills.ReleaseAsync(batch.Token, observedEpoch: 7);
        await _backfills.ExpireAsync("observed");

        Assert.Equal(8, Assert.Single(await _backfills.AcquireAsync("observed", 1)).Token.Epoch);
    }

    [Fact]
    public async Task A_release_of_a_lease_that_is_somebody_elses_by_now_changes_nothing()
    {
        var first = await GrantAsync("foreign");
        await _backfills.ExpireAsync("foreign");
        var second = Assert.Single(await _backfills.AcquireAsync("foreign", 1, worker: "other"));

        await _backfills.ReleaseAsync(first.Token, observedEpoch: 99);
        await _backfills.ReleaseAsync(second.Token, observedEpoch: 99, worker: "w");

        Assert.Equal([second.Token], await _backfills.Leasing.RenewAsync("other", [second.Token], CancellationToken.None));
    }

    [Fact]
    public async Task Drivers_are_woken_when_the_last_batch_is_reported_and_not_before()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("last", 20, 10));
        var granted = await _backfills.AcquireAsync("last", 2);
        await using var listener = await ListenAsync();
        var heard = 0;
        listener.Notification += (_, _) => heard++;

        await _backfills.CompleteAsync(BackfillFixture.Receipt(granted[0]));
        await _backfills.RenewAsync(granted[1].Token);
        await _backfills.ReleaseAsync(granted[1].Token);
        // A notification comes with the next answer on the connection at the latest.
        await PingAsync(listener);
        Assert.Equal(0, heard);

        await _backfills.CompleteAsync(BackfillFixture.Receipt(granted[1]));
        await Eventually.TrueAsync(async () => await PingAsync(listener) && heard == 1, "the wake-up arrives");
    }

    [Fact]
    public async Task Drivers_are_woken_when_the_last_two_batches_are_reported_in_the_same_moment()
    {
        await CommitBarrier.InstallAsync(fixture.Database, "coordinator.backfill_batch", "new.migration = 'pair'", "update");
        await _backfills.StartAsync(BackfillFixture.Pass("pair", 20, 10));
        var granted = await _backfills.AcquireAsync("pair", 2);
        await using var listener = await ListenAsync();
        var heard = 0;
        listener.Notification += (_, _) => heard++;
        await using var held = await HeldTransaction.BeginAsync(fixture.Database, CommitBarrier.Close);
        // One replica would tell both in one transaction.
        await using var second = new CoordinationDatabase(fixture.Database.ConnectionString);
        BatchLeasing[] replicas = [_backfills.Leasing, new BatchLeasing(second, fixture.Options)];
        var reports = granted.Zip(
            replicas, (batch, replica) => replica.CompleteAsync("w", [BackfillFixture.Receipt(batch)], CancellationToken.None)).ToList();
        await held.WaitersAsync(2);

        await held.CommitAsync();

        await Task.WhenAll(reports);
        await Eventually.TrueAsync(async () => await PingAsync(listener) && heard > 0, "the wake-up arrives");
    }

    [Fact]
    public async Task Reports_of_the_same_batches_in_any_order_at_once_never_deadlock()
    {
        await using var second = new CoordinationDatabase(fixture.Database.ConnectionString);
        BatchLeasing[] replicas = [_backfills.Leasing, new BatchLeasing(second, fixture.Options)];
        await _backfills.StartAsync(BackfillFixture.Pass("shuffled", 50, 1));
        var granted = new List<GrantedBatch>();
        for (var n = 0; n < 10; n++)
        {
            granted.AddRange(await _backfills.AcquireAsync("shuffled", 50));
        }

        Assert.Equal(50, granted.Count);
        var random = new Random(5);
        var work = new List<Task>();
        for (var n = 0; n < 60; n++)
        {
            var shuffled = granted.OrderBy(_ => random.Next()).ToList();
            work.Add(replicas[n % 2].RenewAsync("w", shuffled.ConvertAll(batch => batch.Token), CancellationToken.None));
            if (n % 6 == 0)
            {
                work.Add(replicas[n % 2].CompleteAsync(
                    "w", shuffled.Take(20).Select(batch => BackfillFixture.Receipt(batch)).ToList(), CancellationToken.None));
                work.Add(new ServiceTick(second, fixture.Options).TickAsync(CancellationToken.None));
            }
        }

        await Task.WhenAll(work);
    }

    private async Task<NpgsqlConnection> ListenAsync()
    {
        var listener = await fixture.Database.DataSource.OpenConnectionAsync();
        await using var listen = new NpgsqlCommand("listen mt_events_appended", listener);
        await listen.ExecuteNonQueryAsync();
        return listener;
    }

    private static async Task<bool> PingAsync(NpgsqlConnection connection)
    {
        await using var ping = new NpgsqlCommand("select true", connection);
        return (bool)(await ping.ExecuteScalarAsync())!;
    }

    private async Task<GrantedBatch> GrantAsync(string migration)
    {
        await _backfills.StartAsync(BackfillFixture.Pass(migration, 10, 10));
        return Assert.Single(await _backfills.AcquireAsync(migration, 1));
    }
}
