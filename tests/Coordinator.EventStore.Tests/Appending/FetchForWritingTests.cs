using Coordinator.EventStore.Appending;

namespace Coordinator.EventStore.Tests.Appending;

public sealed class FetchForWritingTests(SharedStore shared) : IClassFixture<SharedStore>
{
    private static readonly OrderEvent.Placed Placed = new("ada", Channel.Phone);
    private static readonly OrderEvent.ItemAdded Item = new("book", 2);

    private readonly EventStoreFixture _fixture = shared.Fixture;
    private readonly string _key = SharedStore.NewKey();

    [Fact]
    public async Task A_missing_stream_is_at_version_0_without_aggregate_and_starts_typed()
    {
        await using var session = _fixture.Store.OpenSession();
        var order = await session.FetchForWriting<Order>(_key);
        Assert.Equal((0L, null, Order.Initial()), (order.StartingVersion, order.Aggregate, order.State));

        order.AppendOne(Placed);
        order.AppendMany(new List<OrderEvent> { Item, Item });
        Assert.Equal(3, order.CurrentVersion);
        await session.SaveChangesAsync();

        Assert.Equal("order", (await session.FetchStreamStateAsync(_key))!.AggregateAlias);
        Assert.Equal([Placed, Item, Item], (await session.FetchStreamAsync(_key)).Select(e => e.Data));
    }

    [Fact]
    public async Task An_existing_stream_comes_folded_with_its_version()
    {
        await _fixture.AppendAsync(_key, 0, Placed, Item);
        await using var session = _fixture.Store.OpenSession();

        var order = await session.FetchForWriting<Order>(_key, expectedVersion: 2);

        Assert.Equal((2L, new Order("ada", 2)), (order.StartingVersion, order.Aggregate));
        Assert.Equal([Placed, Item], order.Events.Select(e => e.Data));
    }

    [Fact]
    public async Task A_writer_in_between_makes_the_save_a_conflict()
    {
        await _fixture.AppendAsync(_key, 0, Placed);
        await using var session = _fixture.Store.OpenSession();
        var order = await session.FetchForWriting<Order>(_key);
        await _fixture.AppendAsync(_key, 1, Item);
        order.AppendOne(Item);

        await Assert.ThrowsAsync<EventStreamUnexpectedMaxEventIdException>(() => session.SaveChangesAsync());
    }

    [Fact]
    public async Task Fetching_at_another_version_is_a_conflict_at_the_fetch()
    {
        await _fixture.AppendAsync(_key, 0, Placed);
        await using var session = _fixture.Store.OpenSession();

        await Assert.ThrowsAnyAsync<ConcurrencyException>(() => session.FetchForWriting<Order>(_key, expectedVersion: 0));
        await Assert.ThrowsAnyAsync<ConcurrencyException>(() => session.FetchForWriting<Order>(SharedStore.NewKey(), expectedVersion: 1));
    }

    [Fact]
    public async Task Fetching_without_appending_saves_nothing()
    {
        await using var session = _fixture.Store.OpenSession();
        var order = await session.FetchForWriting<Order>(_key);
        order.AppendMany([]);

        await session.SaveChangesAsync();

        Assert.Null(await session.FetchStreamStateAsync(_key));
    }
}
