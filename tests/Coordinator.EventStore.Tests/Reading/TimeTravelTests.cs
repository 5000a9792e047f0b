namespace Coordinator.EventStore.Tests.Reading;

public sealed class TimeTravelTests(TimeTravelTests.Streams streams) : IClassFixture<TimeTravelTests.Streams>
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly EventStoreFixture _fixture = streams.Fixture;

    [Theory]
    [InlineData(0, 4)]
    [InlineData(1, 1)]
    [InlineData(3, 3)]
    [InlineData(9, 4)]
    public async Task A_stream_is_read_as_it_was_at_a_version(long version, int events)
    {
        Assert.Equal(events, (await _fixture.Store.Query.FetchStreamAsync("order-1", version)).Count);
        var order = await _fixture.Store.Query.AggregateStreamAsync<Order>("order-1", version);
        Assert.Equal((events, (long)events), (order!.State.Items, order.Version));
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0, 1)]
    [InlineData(19, 2)]
    [InlineData(20, 3)]
    [InlineData(3600, 4)]
    public async Task A_stream_is_read_as_it_was_at_a_time(int seconds, int events)
    {
        var time = Noon.AddSeconds(seconds).ToOffset(TimeSpan.FromHours(-3));

        Assert.Equal(events, (await _fixture.Store.Query.FetchStreamAsync("order-1", timestamp: time)).Count);
        var order = await _fixture.Store.Query.AggregateStreamAsync<Order>("order-1", timestamp: time);
        Assert.Equal(events, order?.State.Items ?? 0);
        Assert.Equal(events == 0, order is null);
    }

    [Fact]
    public async Task What_is_read_at_a_time_is_a_prefix_even_where_a_later_event_carries_an_earlier_time()
    {
        // An append that waited for another one's lock began before it.
        var events = await _fixture.Store.Query.FetchStreamAsync("order-late", timestamp: Noon.AddSeconds(25));

        Assert.Equal([1L, 2L], events.Select(e => e.Version));
    }

    [Fact]
    public async Task A_part_of_a_stream_can_be_read()
    {
        var events = await _fixture.Store.Query.FetchStreamAsync("order-1", version: 3, fromVersion: 2);

        Assert.Equal([2L, 3L], events.Select(e => e.Version));
        Assert.Empty(await _fixture.Store.Query.FetchStreamAsync("order-1", fromVersion: 5));
    }

    [Fact]
    public async Task A_missing_stream_has_no_events_no_state_and_no_aggregate()
    {
        Assert.Empty(await _fixture.Store.Query.FetchStreamAsync("order-9"));
        Assert.Null(await _fixture.Store.Query.FetchStreamStateAsync("order-9"));
        Assert.Null(await _fixture.Store.Query.AggregateStreamAsync<Order>("order-9"));
    }

    /// <summary>Two streams of four events with known times; only read afterwards.</summary>
    public sealed class Streams : IAsyncLifetime
    {
        public EventStoreFixture Fixture { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Fixture = await EventStoreFixture.CreateAsync();
            await AppendAsync("order-1", 0, 10, 20, 30);
            await AppendAsync("order-late", 0, 10, 30, 20);
        }

        public async Task DisposeAsync() => await Fixture.DisposeAsync();

        private async Task AppendAsync(string key, params int[] seconds)
        {
            await Fixture.AppendAsync(key, 0, seconds.Select((_, i) => new OrderEvent.ItemAdded($"item-{i + 1}", 1)));
            for (var i = 0; i < seconds.Length; i++)
            {
                await using var command = Fixture.DataSource.CreateCommand(
                    "update coordinator_events.mt_events set \"timestamp\" = $1 where stream_id = $2 and version = $3");
                command.Parameters.Add(new() { Value = Noon.AddSeconds(seconds[i]) });
                command.Parameters.Add(new() { Value = key });
                command.Parameters.Add(new() { Value = i + 1L });
                await command.ExecuteNonQueryAsync();
            }
        }
    }
}
