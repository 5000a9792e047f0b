using Coordinator.Engine.Applications;
using Coordinator.Engine.Leasing;

namespace Coordinator.Engine.Tests.Leasing;

/// <summary>Coordinator's own downtime does not count towards expiry. The clock is the database's; tests move the rows.</summary>
public sealed class ServiceTickTests : IAsyncLifetime
{
    private readonly CoordinationFixture _fixture = new();
    private BackfillFixture _backfills = null!;
    private ServiceTick _tick = null!;

    public async Task InitializeAsync()
    {
        await _fixture.InitializeAsync();
        _backfills = new BackfillFixture(_fixture);
        _tick = new ServiceTick(_fixture.Coordination, _fixture.Options);
        await _tick.TickAsync(CancellationToken.None);
        await new InstanceRegistry(_fixture.Coordination, _fixture.Store, _fixture.Options).HeartbeatAsync(
            new InstanceReport("shop", "a", 1, ""), CancellationToken.None);
        await _backfills.StartAsync(BackfillFixture.Pass("m", 20, 10));
        await _backfills.AcquireAsync("m", 1);
    }

    public Task DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task A_gap_is_given_back_to_leases_that_held_when_it_began()
    {
        await SilenceAsync("10 minutes", leftOfLeases: "12 s");

        var gap = await _tick.TickAsync(CancellationToken.None);

        Assert.InRange(gap!.Value, TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(11));
        Assert.InRange(await LeftAsync("coordinator.instance"), 0.1, 12);
        Assert.InRange(await LeftAsync("coordinator.backfill_batch"), 0.1, 12);
        Assert.Equal(1, (await _backfills.ProgressAsync("m")).Leased);
    }

    [Fact]
    public async Task A_lease_that_had_run_out_before_the_gap_stays_run_out()
    {
        await SilenceAsync("10 minutes", leftOfLeases: "-1 s");

        Assert.NotNull(await _tick.TickAsync(CancellationToken.None));

        Assert.InRange(await LeftAsync("coordinator.instance"), -700, -600);
        Assert.InRange(await LeftAsync("coordinator.backfill_batch"), -700, -600);
    }

    [Fact]
    public async Task A_lease_that_was_renewed_before_the_tick_gets_no_more_than_a_full_one()
    {
        await SilenceAsync("10 minutes", leftOfLeases: "10 minutes 14 s");

        await _tick.TickAsync(CancellationToken.None);

        Assert.InRange(await LeftAsync("coordinator.instance"), 10, 15);
        Assert.InRange(await LeftAsync("coordinator.backfill_batch"), 10, 15);
    }

    [Fact]
    public async Task Ticks_in_time_shift_nothing()
    {
        await SilenceAsync("5 s", leftOfLeases: "6 s");

        Assert.Null(await _tick.TickAsync(CancellationToken.None));

        Assert.InRange(await LeftAsync("coordinator.instance"), -1, 1);
        Assert.InRange(await LeftAsync("coordinator.backfill_batch"), -1, 1);
    }

    [Fact]
    public async Task Of_many_replicas_one_gives_the_gap_back()
    {
        await SilenceAsync("10 minutes", leftOfLeases: "12 s");

        var gaps = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _tick.TickAsync(CancellationToken.None)));

        Assert.Single(gaps, gap => gap is not null);
        Assert.InRange(await LeftAsync("coordinator.instance"), 0.1, 12);
    }

    [Fact]
    public async Task Before_the_first_tick_after_a_gap_no_lease_is_taken_over()
    {
        await SilenceAsync("10 minutes", leftOfLeases: "12 s");

        // The other batch is new; the one whose lease seems to have run out is not granted.
        Assert.Equal(10, Assert.Single(await _backfills.AcquireAsync("m", 5)).FirstBlock);
        await _tick.TickAsync(CancellationToken.None);
        Assert.Empty(await _backfills.AcquireAsync("m", 5));
        await _backfills.ExpireAsync("m");
        Assert.Equal(2, (await _backfills.AcquireAsync("m", 5)).Count);
    }

    // As if every replica had stopped then, with so much left of all leases: by one time for all of it.
    private Task SilenceAsync(string length, string leftOfLeases) => _fixture.Database.ExecuteAsync(
        $"""
        update coordinator.service_tick set ticked_at = now() - interval '{length}';
        update coordinator.instance set expires_at = now() - interval '{length}' + interval '{leftOfLeases}';
        update coordinator.backfill_batch set expires_at = now() - interval '{length}' + interval '{leftOfLeases}';
        """);

    private Task<double> LeftAsync(string table) => _fixture.Database.ScalarAsync<double>(
        $"select extract(epoch from expires_at - clock_timestamp())::float8 from {table} order by expires_at limit 1");
}
