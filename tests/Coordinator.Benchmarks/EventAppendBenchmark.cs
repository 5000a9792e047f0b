using BenchmarkDotNet.Attributes;
using Coordinator.EventStore;
using Coordinator.EventStore.Registry;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Benchmarks;

/// <summary>
/// One event appended at an expected version: as the store does it, in one message, against the same statements with a
/// round trip each. The test server has fsync off, so this shows the messages and the server's work, not the disk.
/// </summary>
public class EventAppendBenchmark
{
    private readonly Appended _event = new("book", 2);
    private TestDatabase _database = null!;
    private PostgresEventStore _store = null!;
    private long _version;

    /// <summary>A database with the one stream that both append to.</summary>
    [GlobalSetup]
    public void SetUp() => SetUpAsync().GetAwaiter().GetResult();

    /// <summary>Drops the database.</summary>
    [GlobalCleanup]
    public void CleanUp() => _database.DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>The baseline: begin, the stream's row, the event, the notification, commit.</summary>
    [Benchmark(Baseline = true)]
    public async Task RoundTripsAsync()
    {
        await using var connection = await _database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await ExecuteAsync(connection, """
            update coordinator_events.mt_streams set version = version + 1, "timestamp" = now()
             where id = 'stream' and version = $1 and is_archived = false
            """, _version);
        await ExecuteAsync(connection, """
            insert into coordinator_events.mt_events (
                seq_id, id, stream_id, version, data, type, "timestamp", tenant_id, mt_dotnet_type, is_archived)
            values (nextval('coordinator_events.mt_events_sequence'), gen_random_uuid(), 'stream', $1 + 1,
                    '{"Sku": "book", "Quantity": 2}', 'appended', now(), '*DEFAULT*', 'Appended', false)
            """, _version);
        await ExecuteAsync(connection, "select pg_notify('mt_events_appended', '')");
        await transaction.CommitAsync();
        _version++;
    }

    /// <summary>The store's way.</summary>
    [Benchmark]
    public async Task OneMessageAsync()
    {
        await using var session = _store.OpenSession();
        session.AppendExpecting("stream", _version, _event);
        await session.SaveChangesAsync();
        _version++;
    }

    private async Task SetUpAsync()
    {
        _database = await TestDatabase.CreateAsync();
        _store = new PostgresEventStore(
            _database.DataSource, new EventStoreOptions { Registry = new EventRegistry().Add<Appended>("appended") });
        await _store.EnsureSchemaAsync(CancellationToken.None);
        _version = 0;
        await OneMessageAsync();
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, long? version = null)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { new(sql) } };
        if (version is { } value)
        {
            batch.BatchCommands[0].Parameters.Add(new() { Value = value });
        }

        await batch.ExecuteNonQueryAsync();
    }

    private sealed record Appended(string Sku, int Quantity);
}
