using Coordinator.EventStore.Appending;
using Coordinator.EventStore.Registry;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.EventStore.Tests.Appending;

public sealed class AppendingTests : IAsyncLifetime
{
    private static readonly OrderEvent.Placed Placed = new("ada", Channel.Phone);
    private static readonly OrderEvent.ItemAdded Item = new("book", 2);

    private EventStoreFixture _fixture = null!;

    public async Task InitializeAsync() => _fixture = await EventStoreFixture.CreateAsync();

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Fact]
    public async Task What_was_appended_is_read_back_in_order()
    {
        await _fixture.AppendAsync("order-1", 0, Placed, Item);
        await _fixture.AppendAsync("order-1", 2, Item);

        var events = await _fixture.Store.Query.FetchStreamAsync("order-1");

        Assert.Equal([Placed, Item, Item], events.Select(e => e.Data));
        Assert.Equal([1L, 2L, 3L], events.Select(e => e.Version));
        Assert.Equal([1L, 2L, 3L], events.Select(e => e.Sequence));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Appending_at_another_version_is_a_conflict_and_burns_no_number(long expected)
    {
        await _fixture.AppendAsync("order-1", 0, Placed, Item);

        var conflict = await Assert.ThrowsAsync<EventStreamUnexpectedMaxEventIdException>(
            () => _fixture.AppendAsync("order-1", expected, Item, Item));

        Assert.Equal(("order-1", expected, 2), (conflict.StreamKey, conflict.ExpectedVersion, conflict.ActualVersion));
        Assert.Equal(2, await _fixture.SequenceAsync());
        Assert.Equal(2, await _fixture.EventCountAsync());
        Assert.Equal(2, (await _fixture.Store.Query.FetchStreamStateAsync("order-1"))!.Version);
    }

    [Fact]
    public async Task Appending_to_a_missing_stream_is_a_conflict_and_burns_no_number()
    {
        var conflict = await Assert.ThrowsAsync<EventStreamUnexpectedMaxEventIdException>(
            () => _fixture.AppendAsync("order-1", 4, Item));

        Assert.Equal(0, conflict.ActualVersion);
        Assert.Equal(0, await _fixture.SequenceAsync());
    }

    [Fact]
    public async Task Expecting_no_stream_where_there_is_one_is_a_conflict()
    {
        await _fixture.AppendAsync("order-1", 0, Placed);

        var conflict = await Assert.ThrowsAsync<EventStreamUnexpectedMaxEventIdException>(
            () => _fixture.AppendAsync("order-1", 0, Placed));

        Assert.Equal(1, conflict.ActualVersion);
        Assert.Equal(1, await _fixture.SequenceAsync());
    }

    [Fact]
    public async Task Starting_an_existing_stream_is_a_collision_at_the_save()
    {
        await _fixture.AppendAsync("order-1", 0, Placed);
        await using var session = _fixture.Store.OpenSession();
        session.StartStream<Order>("order-1", Placed);

        var collision = await Assert.ThrowsAsync<ExistingStreamIdCollisionException>(() => session.SaveChangesAsync());

        Assert.Equal("order-1", collision.StreamKey);
        Assert.Equal(1, await _fixture.SequenceAsync());
    }

    [Fact]
    public async Task Of_two_starts_at_once_one_wins_and_the_other_collides()
    {
        for (var round = 0; round < 20; round++)
        {
            var key = $"order-{round}";
            var outcomes = await StartingLine.RunAsync(2, async (_, start) =>
            {
                await using var session = _fixture.Store.OpenSession();
                session.StartStream<Order>(key, Placed, Item);
                await start;
                return await Record.ExceptionAsync(() => session.SaveChangesAsync());
            });

            Assert.Single(outcomes, o => o is null);
            Assert.Single(outcomes, o => o is ExistingStreamIdCollisionException);
            Assert.Equal(2, (await _fixture.Store.Query.FetchStreamAsync(key)).Count);
        }

        Assert.Equal(40, await _fixture.SequenceAsync());
    }

    [Fact]
    public void Starting_a_stream_without_events_is_refused_at_the_call()
    {
        var session = _fixture.Store.OpenSession();

        Assert.Throws<EmptyEventStreamException>(() => session.StartStream<Order>("order-1"));
        Assert.Throws<EmptyEventStreamException>(() => session.StartStream("order-1", new List<object>()));
    }

    [Fact]
    public async Task An_unregistered_event_is_refused_at_the_call_and_leaves_the_session_as_it_was()
    {
        await using var session = _fixture.Store.OpenSession();
        session.Append("order-1", Placed);

        Assert.Throws<UnknownEventTypeException>(() => session.Append("order-1", Item, new object()));
        await session.SaveChangesAsync();

        Assert.Equal([Placed], (await session.FetchStreamAsync("order-1")).Select(e => e.Data));
    }

    [Fact]
    public async Task Appending_no_events_is_no_work()
    {
        await using var session = _fixture.Store.OpenSession();
        session.Append("order-1");
        session.AppendExpecting("order-1", 12, new List<OrderEvent>());
        await session.SaveChangesAsync();

        Assert.Null(await session.FetchStreamStateAsync("order-1"));
    }

    [Fact]
    public async Task Several_streams_are_saved_together_or_not_at_all()
    {
        await _fixture.AppendAsync("order-b", 0, Placed);
        await using var session = _fixture.Store.OpenSession();
        session.StartStream<Order>("order-c", Placed);
        session.AppendExpecting("order-b", 7, Item);
        session.StartStream<Order>("order-a", Placed);

        var conflict = await Assert.ThrowsAsync<EventStreamUnexpectedMaxEventIdException>(() => session.SaveChangesAsync());

        Assert.Equal("order-b", conflict.StreamKey);
        Assert.Null(await session.FetchStreamStateAsync("order-a"));
        Assert.Null(await session.FetchStreamStateAsync("order-c"));
        Assert.Equal(1, await _fixture.SequenceAsync());
    }

    [Fact]
    public async Task The_log_has_a_sessions_events_in_the_order_of_its_calls()
    {
        await using var session = _fixture.Store.OpenSession();
        session.Append("order-z", Placed);
        session.Append("order-a", Placed, Item);
        session.Append("order-z", Item);
        await session.SaveChangesAsync();

        var log = await _fixture.Store.Query.ReadAllAsync(0).ToListAsync();

        Assert.Equal(
            [("order-z", 1L), ("order-a", 1L), ("order-a", 2L), ("order-z", 2L)],
            log.Select(e => (e.StreamKey, e.Version)));
    }

    [Fact]
    public async Task A_session_can_go_on_after_a_save_and_repeat_after_a_failure()
    {
        await using var session = _fixture.Store.OpenSession();
        session.AppendExpecting("order-1", 1, Item);
        await Assert.ThrowsAsync<EventStreamUnexpectedMaxEventIdException>(() => session.SaveChangesAsync());

        await _fixture.AppendAsync("order-1", 0, Placed);
        await session.SaveChangesAsync();
        await session.SaveChangesAsync();
        session.AppendExpecting("order-1", 2, Item);
        await session.SaveChangesAsync();

        Assert.Equal(3, (await session.FetchStreamAsync("order-1")).Count);
    }

    [Fact]
    public async Task Appends_without_a_check_all_succeed_whoever_else_writes()
    {
        await Task.WhenAll(Enumerable.Range(0, 6).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 20; i++)
            {
                await using var session = _fixture.Store.OpenSession();
                session.Append("order-1", new OrderEvent.ItemAdded($"{writer}/{i}", 1));
                await session.SaveChangesAsync();
            }
        })));

        var events = await _fixture.Store.Query.FetchStreamAsync("order-1");
        Assert.Equal(Enumerable.Range(1, 120).Select(v => (long)v), events.Select(e => e.Version));
        Assert.Equal(120, events.Select(e => e.Data).Distinct().Count());
        Assert.Equal(120, await _fixture.SequenceAsync());
    }

    [Fact]
    public async Task Events_carry_who_and_why()
    {
        var metadata = new SessionMetadata(
            "request-7", "command-9", "ada", new Dictionary<string, string> { ["tenant"] = "blue", ["Ünï"] = "\"x\"" });
        await using (var session = _fixture.Store.OpenSession(metadata))
        {
            session.Append("order-1", Placed);
            await session.SaveChangesAsync();
        }

        await _fixture.AppendAsync("order-1", 1, Item);

        var events = await _fixture.Store.Query.FetchStreamAsync("order-1");
        Assert.Equal(("request-7", "command-9", "ada"), (events[0].CorrelationId, events[0].CausationId, events[0].UserName));
        Assert.Equal(metadata.Headers, events[0].Headers);
        Assert.Equal((null, null, null), (events[1].CorrelationId, events[1].CausationId, events[1].UserName));
        Assert.Empty(events[1].Headers);
    }

    [Fact]
    public async Task An_append_notifies_martens_channel_without_payload()
    {
        await using var connection = await _fixture.DataSource.OpenConnectionAsync();
        List<NpgsqlNotificationEventArgs> received = [];
        connection.Notification += (_, notification) => received.Add(notification);
        await using (var listen = new NpgsqlCommand("listen mt_events_appended", connection))
        {
            await listen.ExecuteNonQueryAsync();
        }

        await _fixture.AppendAsync("order-2", 0, Item);
        await connection.WaitAsync().WaitAsync(Eventually.DefaultBound);

        var notification = Assert.Single(received);
        Assert.Equal(("mt_events_appended", ""), (notification.Channel, notification.Payload));
    }
}
