using Coordinator.EventStore.Registry;

namespace Coordinator.EventStore.Tests.Reading;

public sealed class LogReadingTests : IAsyncLifetime
{
    private EventStoreFixture _fixture = null!;

    public async Task InitializeAsync()
    {
        _fixture = await EventStoreFixture.CreateAsync();
        for (var i = 0; i < 10; i++)
        {
            await _fixture.AppendAsync($"order-{i % 3}", i / 3, new OrderEvent.ItemAdded($"{i}", 1));
        }
    }

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(500)]
    public async Task The_log_is_read_in_pages_of_any_size_from_any_place(int pageSize)
    {
        for (var after = 0; after <= 11; after++)
        {
            var read = await _fixture.Store.Query.ReadAllAsync(after, pageSize).Select(e => e.Sequence).ToListAsync();

            Assert.Equal(Enumerable.Range(1, 10).Select(n => (long)n).Where(n => n > after), read);
        }
    }

    [Fact]
    public async Task What_martens_failed_appends_leave_behind_fills_its_number_and_is_nobodys_event()
    {
        await _fixture.Database.ExecuteAsync("""
            insert into coordinator_events.mt_streams (id, version) values ('mt_tombstone', 0);
            with n as (select nextval('coordinator_events.mt_events_sequence') as n)
            insert into coordinator_events.mt_events (seq_id, id, stream_id, version, data, type, "timestamp", mt_dotnet_type, is_archived)
            select n, gen_random_uuid(), 'mt_tombstone', n, '{}', 'tombstone', '-infinity',
                   'JasperFx.Events.Tombstone, JasperFx.Events', false from n
            """);
        await _fixture.AppendAsync("order-9", 0, new OrderEvent.ItemAdded("last", 1));

        var read = await _fixture.Store.Query.ReadAllAsync(9, 1).ToListAsync();

        Assert.Equal(12, await _fixture.Store.HighWaterMarkAsync(CancellationToken.None));
        Assert.Equal([10L, 12L], read.Select(e => e.Sequence));
    }

    [Fact]
    public async Task An_event_that_is_not_known_stops_the_reader_instead_of_being_skipped()
    {
        await _fixture.Database.ExecuteAsync("update coordinator_events.mt_events set type = 'from_a_newer_program' where seq_id = 4");
        List<long> read = [];

        await Assert.ThrowsAsync<UnknownEventTypeException>(async () =>
        {
            await foreach (var @event in _fixture.Store.Query.ReadAllAsync(0, pageSize: 3))
            {
                read.Add(@event.Sequence);
            }
        });

        Assert.Equal([1L, 2L, 3L], read);
    }

    [Fact]
    public async Task An_empty_log_ends_at_0()
    {
        await using var empty = await EventStoreFixture.CreateAsync();

        Assert.Equal(0, await empty.Store.HighWaterMarkAsync(CancellationToken.None));
        Assert.Empty(await empty.Store.Query.ReadAllAsync(0).ToListAsync());
    }
}
