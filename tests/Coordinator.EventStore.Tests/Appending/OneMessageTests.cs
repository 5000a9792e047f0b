using Coordinator.EventStore.Tests.Projections;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.EventStore.Tests.Appending;

/// <summary>
/// A save is one message: no round trip stands between its first lock and its commit, so a client that stops after
/// sending it keeps nobody waiting.
/// </summary>
public sealed class OneMessageTests : IAsyncLifetime
{
    private static readonly OrderEvent.ItemAdded Item = new("book", 2);

    private EventStoreFixture _fixture = null!;
    private WireTap _tap = null!;
    private NpgsqlDataSource _tapped = null!;
    private PostgresEventStore _store = null!;

    public async Task InitializeAsync()
    {
        _fixture = await EventStoreFixture.CreateAsync();
        await _fixture.Database.ExecuteAsync(OrderSummary.Table);
        await _fixture.AppendAsync("order-b", 0, Item);
        _tap = WireTap.Before(_fixture.Database.ConnectionString);
        _tapped = NpgsqlDataSource.Create(_tap.ConnectionString);
        _store = EventStoreFixture.StoreOn(_tapped, projections: new OrderSummary());
        // The connection is there and its types are known before anything is counted.
        await _store.EnsureSchemaAsync(CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _tapped.DisposeAsync();
        await _tap.DisposeAsync();
        await _fixture.DisposeAsync();
    }

    [Fact]
    public async Task A_save_with_everything_in_it_asks_once()
    {
        await using var session = Everything();
        _tap.Requests = 0;

        await session.SaveChangesAsync();

        Assert.Equal(1, _tap.Requests);
        Assert.Equal(4, await _fixture.EventCountAsync());
    }

    [Fact]
    public async Task The_tap_sees_the_round_trips_of_another_way_to_append()
    {
        _tap.Requests = 0;
        await using var connection = await _tapped.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await RawAppend.AppendAsync(connection, "order-c", 1);
        await transaction.CommitAsync();

        // Begin (which Npgsql sends along with what follows), row, number, event, commit.
        Assert.Equal(5, _tap.Requests);
    }

    [Fact]
    public async Task A_client_that_stopped_after_sending_holds_nothing()
    {
        await using var session = Everything();
        _tap.HoldAnswers();
        var saving = session.SaveChangesAsync();

        await Eventually.TrueAsync(async () => await _fixture.EventCountAsync() == 4, "the save commits without its client");
        await _fixture.AppendAsync("order-b", 2, Item);
        await _fixture.Database.ExecuteAsync("update order_summary set items = items");

        Assert.False(saving.IsCompleted);
        _tap.ReleaseAnswers();
        await saving;
    }

    [Fact]
    public async Task A_conflict_asks_once_and_holds_nothing_either()
    {
        await using var session = _store.OpenSession();
        session.AppendExpecting("order-a", 0, Item);
        session.AppendExpecting("order-b", 9, Item);
        _tap.Requests = 0;
        _tap.HoldAnswers();
        var saving = session.SaveChangesAsync();

        await Eventually.TrueAsync(
            async () => await _fixture.Database.ScalarAsync<long>("""
                select count(*) from pg_stat_activity
                 where datname = current_database() and state = 'idle in transaction (aborted)'
                """) == 1,
            "the save was refused");
        await _fixture.AppendAsync("order-a", 0, Item);
        await _fixture.AppendAsync("order-b", 1, Item);

        Assert.Equal(1, _tap.Requests);
        _tap.ReleaseAnswers();
        await Assert.ThrowsAsync<EventStore.Appending.EventStreamUnexpectedMaxEventIdException>(() => saving);
    }

    private IEventSession Everything()
    {
        var session = _store.OpenSession(new SessionMetadata("c", "d", "ada"));
        session.EnlistBefore(new("lock table order_summary in row exclusive mode"));
        session.StartStream<Order>("order-c", Item);
        session.AppendExpecting("order-b", 1, Item);
        session.AppendExpecting("order-a", 0, Item);
        session.ArchiveStream("order-c");
        session.Enlist(new("insert into order_summary (key, items, version) values ('side', 1, 1)"));
        return session;
    }
}
