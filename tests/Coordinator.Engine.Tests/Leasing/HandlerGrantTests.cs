using Coordinator.Engine.Leasing;

namespace Coordinator.Engine.Tests.Leasing;

/// <summary>Batches that need a worker's own code go to workers that have it, and to no others.</summary>
public sealed class HandlerGrantTests(CoordinationFixture fixture) : IClassFixture<CoordinationFixture>
{
    private readonly BackfillFixture _backfills = new(fixture);

    [Fact]
    public async Task Only_workers_that_offer_the_handler_are_given_its_batches()
    {
        await _backfills.StartAsync(Pass("offered", "recompute"));

        Assert.Empty(await _backfills.AcquireAsync("offered", 10));
        Assert.Empty(await AcquireAsync("offered", "translate"));
        var granted = await AcquireAsync("offered", "translate", "recompute");

        Assert.Equal([("recompute", "\"public\".\"t\"")], granted.Select(batch => (batch.Handler, batch.Table)).Distinct());
        Assert.Equal(3, granted.Count);
    }

    [Fact]
    public async Task A_lapsed_batch_waits_for_another_worker_with_the_handler()
    {
        await _backfills.StartAsync(Pass("lapsed", "recompute"));
        var first = await AcquireAsync("lapsed", "recompute");
        await _backfills.ExpireAsync("lapsed");

        Assert.Empty(await _backfills.AcquireAsync("lapsed", 10));
        var second = await AcquireAsync("lapsed", "recompute");

        Assert.Equal(first.Select(batch => batch.Token.Batch).Order(), second.Select(batch => batch.Token.Batch).Order());
        Assert.All(second, batch => Assert.Equal(2, batch.Token.Epoch));
    }

    [Fact]
    public async Task A_worker_with_handlers_also_runs_statements()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("plain", 10, 10));

        Assert.Equal("", Assert.Single(await AcquireAsync("plain", "recompute")).Handler);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Recompute")]
    [InlineData("a'; drop table x")]
    public async Task A_handlers_name_is_checked(string handler) =>
        Assert.Equal("INVALID_HANDLER", await BackfillFixture.CodeAsync(() => AcquireAsync("names", handler)));

    [Fact]
    public async Task More_than_a_hundred_handlers_are_refused() => Assert.Equal(
        "INVALID_HANDLER",
        await BackfillFixture.CodeAsync(() => AcquireAsync("many", [.. Enumerable.Range(0, 101).Select(n => $"h{n}")])));

    [Fact]
    public async Task It_is_known_who_offers_a_handler_to_which_migrations()
    {
        var offers = new HandlerOffers(fixture.Coordination, TimeProvider.System);
        await AcquireAsync("known", "recompute");
        await fixture.Database.ExecuteAsync(
            """
            insert into coordinator.handler_offer values ('known', 'stale', '', clock_timestamp() - interval '2 minutes'),
                ('known', 'choosy', 'one', clock_timestamp())
            """);

        Task<bool> AnyAsync(string handler, string migration) => offers.AnyAsync("known", handler, migration, CancellationToken.None);
        Assert.True(await AnyAsync("recompute", "any"));
        Assert.True(await AnyAsync("choosy", "one"));
        Assert.False(await AnyAsync("choosy", "other"));
        Assert.False(await AnyAsync("stale", "any"));
        Assert.False(await AnyAsync("unheard-of", "any"));
    }

    private static BackfillStart Pass(string migration, string handler) =>
        BackfillFixture.Pass(migration, 30, 10) with { Handler = handler, Table = "\"public\".\"t\"" };

    private Task<IReadOnlyList<GrantedBatch>> AcquireAsync(string migration, params string[] handlers) =>
        _backfills.Leasing.AcquireAsync("w", [migration], 10, Guid.NewGuid(), null, 100, handlers, CancellationToken.None);
}
