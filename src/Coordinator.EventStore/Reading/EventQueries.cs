using System.Runtime.CompilerServices;
using Coordinator.EventStore.Registry;
using Coordinator.EventStore.Schema;
using Npgsql;
using NpgsqlTypes;

namespace Coordinator.EventStore.Reading;

internal sealed class EventQueries(
    NpgsqlDataSource dataSource, SchemaName schema, EventRegistry registry, HighWaterDetector highWater)
    : IQueryEvents
{
    private const string StateColumns = "s.version, s.type, s.created, s.\"timestamp\", coalesce(s.is_archived, false)";

    private readonly string _state =
        $"select {StateColumns} from {schema}.mt_streams s where s.id = $1";

    private readonly string _versions =
        $"select s.id, s.version from {schema}.mt_streams s where s.id = any ($1)";

    private readonly string _stateAndEvents = $"""
        select {EventRow.Columns}, {StateColumns}
          from {schema}.mt_streams s
          left join {schema}.mt_events e on e.stream_id = s.id and e.is_archived = false
         where s.id = $1
         order by e.version
        """;

    private readonly string _stream = $"""
        select {EventRow.Columns}
          from {schema}.mt_events e
         where e.stream_id = $1 and e.is_archived = false
           and e.version >= $2 and ($3 = 0 or e.version <= $3)
           and ($4::timestamptz is null or e.version < coalesce(
                   (select min(younger.version) from {schema}.mt_events younger
                     where younger.stream_id = $1 and younger."timestamp" > $4), 9223372036854775807))
         order by e.version
        """;

    // A tombstone fills the number of an append of Marten's that failed; it is nobody's event.
    private readonly string _page = $"""
        select {EventRow.Columns}
          from {schema}.mt_events e
         where e.seq_id > $1 and e.seq_id <= $2 and e.type <> 'tombstone'
         order by e.seq_id
         limit $3
        """;

    public async Task<StreamState?> FetchStreamStateAsync(string key, CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(_state);
        command.Parameters.Add(SqlParameter.Text(key));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? ReadState(reader, 0, key) : null;
    }

    public async Task<IReadOnlyList<IEvent>> FetchStreamAsync(
        string key,
        long version = 0,
        DateTimeOffset? timestamp = null,
        long fromVersion = 0,
        CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(_stream);
        command.Parameters.Add(SqlParameter.Text(key));
        command.Parameters.Add(SqlParameter.Number(fromVersion));
        command.Parameters.Add(SqlParameter.Number(version));
        command.Parameters.Add(SqlParameter.Time(timestamp));
        return await ReadEventsAsync(command, cancellationToken);
    }

    public async Task<StreamAggregate<T>?> AggregateStreamAsync<T>(
        string key, long version = 0, DateTimeOffset? timestamp = null, CancellationToken cancellationToken = default)
        where T : class
    {
        var definition = registry.Aggregate<T>();
        var events = await FetchStreamAsync(key, version, timestamp, 0, cancellationToken);
        return events.Count == 0 ? null : new StreamAggregate<T>(definition.Fold(events), events[^1].Version);
    }

    public async IAsyncEnumerable<IEvent> ReadAllAsync(
        long afterSequence, int pageSize = 500, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pageSize);
        var mark = await highWater.DetectAsync(cancellationToken);
        var after = afterSequence;
        while (after < mark)
        {
            // Whole pages, so that no connection is held while the caller works.
            var page = await ReadPageAsync(after, mark, pageSize, cancellationToken);
            foreach (var @event in page)
            {
                yield return @event;
            }

            after = page.Count < pageSize ? mark : page[^1].Sequence;
        }
    }

    /// <summary>Stream and events in one statement, so that the version belongs to the events.</summary>
    internal async Task<(StreamState? State, IReadOnlyList<IEvent> Events)> FetchStreamWithStateAsync(
        string key, CancellationToken cancellationToken)
    {
        const int stateAt = 13;
        await using var command = dataSource.CreateCommand(_stateAndEvents);
        command.Parameters.Add(SqlParameter.Text(key));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        StreamState? state = null;
        List<IEvent> events = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            state ??= ReadState(reader, stateAt, key);
            if (EventRow.IsPresent(reader))
            {
                events.Add(EventRow.Read(reader, registry));
            }
        }

        return (state, events);
    }

    internal async Task<IReadOnlyDictionary<string, long>> FetchVersionsAsync(
        IEnumerable<string> keys, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(_versions);
        command.Parameters.Add(SqlParameter.Array(keys, NpgsqlDbType.Varchar));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        Dictionary<string, long> versions = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            versions.Add(reader.GetString(0), reader.GetInt64(1));
        }

        return versions;
    }

    private async Task<IReadOnlyList<IEvent>> ReadPageAsync(
        long after, long upTo, int size, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(_page);
        command.Parameters.Add(SqlParameter.Number(after));
        command.Parameters.Add(SqlParameter.Number(upTo));
        command.Parameters.Add(SqlParameter.Number(size));
        return await ReadEventsAsync(command, cancellationToken);
    }

    private async Task<IReadOnlyList<IEvent>> ReadEventsAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<IEvent> events = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            events.Add(EventRow.Read(reader, registry));
        }

        return events;
    }

    private static StreamState ReadState(NpgsqlDataReader reader, int at, string key) => new(
        key,
        reader.GetInt64(at),
        reader.IsDBNull(at + 1) ? null : reader.GetString(at + 1),
        reader.GetFieldValue<DateTimeOffset>(at + 2),
        reader.GetFieldValue<DateTimeOffset>(at + 3),
        reader.GetBoolean(at + 4));
}
