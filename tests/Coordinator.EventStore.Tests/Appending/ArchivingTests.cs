using Coordinator.EventStore.Appending;
using Coordinator.Testing;

namespace Coordinator.EventStore.Tests.Appending;

public sealed class ArchivingTests : IAsyncLifetime
{
    private static readonly OrderEvent.ItemAdded Item = new("book", 2);

    private EventStoreFixture _fixture = null!;

    public async Task InitializeAsync()
    {
        _fixture = await EventStoreFixture.CreateAsync();
        await _fixture.AppendAsync("order-1", 0, Item, Item);
        await using var session = _fixture.Store.OpenSession();
        session.AppendExpecting("order-1", 2, Item);
        session.ArchiveStream("order-1");
        await session.SaveChangesAsync();
    }

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Theory]
    [InlineData(3)]
    [InlineData(2)]
    [InlineData(0)]
    public async Task An_archived_stream_takes_no_events_at_any_version(long expected)
    {
        await Assert.ThrowsAsync<InvalidStreamOperationException>(() => _fixture.AppendAsync("order-1", expected, Item));

        Assert.Equal(3, await _fixture.SequenceAsync());
    }

    [Fact]
    public async Task An_archived_stream_takes_no_unchecked_events_and_cannot_be_started_or_fetched_for_writing()
    {
        await using var session = _fixture.Store.OpenSession();
        await Assert.ThrowsAsync<InvalidStreamOperationException>(() => session.FetchForWriting<Order>("order-1"));
        session.Append("order-1", Item);
        await Assert.ThrowsAsync<InvalidStreamOperationException>(() => session.SaveChangesAsync());

        await using var starting = _fixture.Store.OpenSession();
        starting.StartStream<Order>("order-1", Item);
        await Assert.ThrowsAsync<ExistingStreamIdCollisionException>(() => starting.SaveChangesAsync());
    }

    [Fact]
    public async Task Stream_reads_hide_it_and_the_log_keeps_it()
    {
        Assert.Empty(await _fixture.Store.Query.FetchStreamAsync("order-1"));
        Assert.Null(await _fixture.Store.Query.AggregateStreamAsync<Order>("order-1"));
        var state = await _fixture.Store.Query.FetchStreamStateAsync("order-1");
        Assert.Equal((3, true), (state!.Version, state.IsArchived));

        var log = await _fixture.Store.Query.ReadAllAsync(0).ToListAsync();
        Assert.Equal([true, true, true], log.Select(e => e.IsArchived));
    }

    [Fact]
    public async Task Both_tables_say_archived()
    {
        Assert.True(await _fixture.Database.ScalarAsync<bool>("""
            select bool_and(is_archived) and (select bool_and(is_archived) from coordinator_events.mt_streams)
              from coordinator_events.mt_events
            """));
    }

    [Fact]
    public async Task An_append_that_archiving_waited_for_is_archived_with_the_stream()
    {
        await _fixture.AppendAsync("order-2", 0, Item);
        await using var other = await _fixture.DataSource.OpenConnectionAsync();
        await using var appending = await other.BeginTransactionAsync();
        await RawAppend.AppendAsync(other, "order-2", 2);

        await using var session = _fixture.Store.OpenSession();
        session.ArchiveStream("order-2");
        var archiving = session.SaveChangesAsync();
        await Eventually.TrueAsync(
            async () => await _fixture.Database.ScalarAsync<long>(
                "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") == 1,
            "archiving waits for the append");
        await appending.CommitAsync();
        await archiving;

        Assert.True(await _fixture.Database.ScalarAsync<bool>(
            "select count(*) = 2 and bool_and(is_archived) from coordinator_events.mt_events where stream_id = 'order-2'"));
    }
}
