using Coordinator.EventStore.Projections;
using Coordinator.EventStore.Registry;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.EventStore.Tests;

/// <summary>A database of its own with a store in it.</summary>
public sealed class EventStoreFixture : IAsyncDisposable
{
    private EventStoreFixture(TestDatabase database, PostgresEventStore store)
    {
        Database = database;
        Store = store;
    }

    public TestDatabase Database { get; }

    public PostgresEventStore Store { get; }

    public NpgsqlDataSource DataSource => Database.DataSource;

    public static async Task<EventStoreFixture> CreateAsync(
        EventRegistry? registry = null, params IInlineProjection[] projections)
    {
        var database = await TestDatabase.CreateAsync();
        var store = StoreOn(database.DataSource, registry, projections);
        await store.EnsureSchemaAsync(CancellationToken.None);
        return new EventStoreFixture(database, store);
    }

    public static PostgresEventStore StoreOn(
        NpgsqlDataSource dataSource, EventRegistry? registry = null, params IInlineProjection[] projections) =>
        new(dataSource, new EventStoreOptions
        {
            Registry = registry ?? Order.Registry(),
            InlineProjections = projections,
        });

    /// <summary>Another replica's store on the same database.</summary>
    public PostgresEventStore AnotherStore() => StoreOn(DataSource);

    /// <summary>One session with one append, at the expected version.</summary>
    public async Task AppendAsync(string key, long expected, params IEnumerable<object> events)
    {
        await using var session = Store.OpenSession();
        session.AppendExpecting<Order>(key, expected, events);
        await session.SaveChangesAsync();
    }

    public Task<long> SequenceAsync() => Database.ScalarAsync<long>(
        "select case when is_called then last_value else 0 end from coordinator_events.mt_events_sequence");

    public Task<long> EventCountAsync() =>
        Database.ScalarAsync<long>("select count(*) from coordinator_events.mt_events");

    public ValueTask DisposeAsync() => Database.DisposeAsync();
}
