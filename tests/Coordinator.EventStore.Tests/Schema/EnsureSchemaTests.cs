using Coordinator.Testing;
using Npgsql;

namespace Coordinator.EventStore.Tests.Schema;

public sealed class EnsureSchemaTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public async Task InitializeAsync() => _database = await TestDatabase.CreateAsync();

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task Replicas_that_start_at_once_create_one_schema()
    {
        await StartingLine.RunAsync(8, async (_, start) =>
        {
            var store = EventStoreFixture.StoreOn(_database.DataSource);
            await start;
            await store.EnsureSchemaAsync(CancellationToken.None);
            return true;
        });

        Assert.Equal(4, await _database.ScalarAsync<long>(
            "select count(*) from pg_tables where schemaname = 'coordinator_events'"));
    }

    [Fact]
    public async Task A_replica_waits_for_one_that_is_creating_without_holding_a_transaction()
    {
        await using var other = await _database.DataSource.OpenConnectionAsync();
        await using var creating = await other.BeginTransactionAsync();
        await using (var take = new NpgsqlCommand("select pg_advisory_xact_lock(x'65767374'::bigint)", other))
        {
            await take.ExecuteNonQueryAsync();
        }

        var ensuring = EventStoreFixture.StoreOn(_database.DataSource).EnsureSchemaAsync(CancellationToken.None);
        await Eventually.TrueAsync(
            async () => await _database.ScalarAsync<long>("""
                select count(*) from pg_stat_activity
                 where datname = current_database() and query like '%pg_try_advisory_xact_lock%' and pid <> pg_backend_pid()
                """) > 0,
            "the replica tries the lock");

        Assert.False(ensuring.IsCompleted);
        Assert.Equal(0, await _database.ScalarAsync<long>(
            "select count(*) from pg_locks where locktype = 'advisory' and not granted"));
        await creating.CommitAsync();
        await ensuring;
    }

    [Fact]
    public async Task Ensuring_again_keeps_what_is_there()
    {
        var store = EventStoreFixture.StoreOn(_database.DataSource);
        await store.EnsureSchemaAsync(CancellationToken.None);
        await using (var session = store.OpenSession())
        {
            session.Append("order-1", new OrderEvent.ItemAdded("book", 1));
            await session.SaveChangesAsync();
        }

        await _database.ExecuteAsync("drop function coordinator.require_append(text, text, bigint, bigint)");
        await store.EnsureSchemaAsync(CancellationToken.None);

        await using var next = store.OpenSession();
        next.AppendExpecting("order-1", 1, new OrderEvent.ItemAdded("pen", 1));
        await next.SaveChangesAsync();
        Assert.Equal(2, (await store.Query.FetchStreamAsync("order-1")).Count);
    }

    [Fact]
    public async Task A_role_that_may_create_nothing_starts_on_an_existing_schema()
    {
        await EventStoreFixture.StoreOn(_database.DataSource).EnsureSchemaAsync(CancellationToken.None);
        var role = $"reader_{Guid.CreateVersion7():N}";
        await _database.ExecuteAsync($"""
            create role {role} login;
            grant usage on schema coordinator_events, coordinator to {role};
            grant select, insert, update on all tables in schema coordinator_events to {role};
            grant usage on all sequences in schema coordinator_events to {role}
            """);
        try
        {
            await using var source = NpgsqlDataSource.Create(_database.ConnectionStringFor(role));
            var store = EventStoreFixture.StoreOn(source);
            await store.EnsureSchemaAsync(CancellationToken.None);
            await using var session = store.OpenSession();
            session.Append("order-1", new OrderEvent.ItemAdded("book", 1));
            await session.SaveChangesAsync();
            Assert.Equal(1, await store.HighWaterMarkAsync(CancellationToken.None));
        }
        finally
        {
            await _database.ExecuteAsync($"drop owned by {role}; drop role {role}");
        }
    }

    [Theory]
    [InlineData("Mixed Case")]
    [InlineData("quote\"and'; drop schema public; --")]
    [InlineData("sélect")]
    public async Task Any_name_can_be_the_schemas(string name)
    {
        var store = new PostgresEventStore(
            _database.DataSource, new EventStoreOptions { SchemaName = name, Registry = Order.Registry() });
        await store.EnsureSchemaAsync(CancellationToken.None);
        await using var session = store.OpenSession();
        session.Append("order-1", new OrderEvent.ItemAdded("book", 1));
        await session.SaveChangesAsync();
        session.AppendExpecting("order-1", 7, new OrderEvent.ItemAdded("book", 1));

        await Assert.ThrowsAsync<EventStore.Appending.EventStreamUnexpectedMaxEventIdException>(
            () => session.SaveChangesAsync());
        Assert.Equal(1, await store.HighWaterMarkAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData("")]
    [InlineData("back\\slash")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123")]
    public void A_name_that_postgresql_would_change_is_refused(string name) =>
        Assert.Throws<ArgumentException>(
            () => new PostgresEventStore(_database.DataSource, new EventStoreOptions { SchemaName = name }));
}
