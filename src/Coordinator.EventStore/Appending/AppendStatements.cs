using System.Text.Json;
using Coordinator.EventStore.Registry;
using Coordinator.EventStore.Schema;
using Npgsql;
using NpgsqlTypes;

namespace Coordinator.EventStore.Appending;

/// <summary>
/// The statements of an append. First each stream's row is taken, with the check of its version; only then are
/// sequence numbers drawn, so a conflict burns none and a stream's order by number is its order by version.
/// </summary>
internal sealed class AppendStatements(SchemaName schema)
{
    private readonly string _start = $"""
        with s as (
            insert into {schema}.mt_streams (id, type, version, "timestamp", created, tenant_id, is_archived)
            values ($1, $4, $3, now(), now(), '*DEFAULT*', false)
            on conflict (id) do nothing
            returning version)
        select coordinator.require_append({schema.Literal}, $1, $2, (select version from s))
        """;

    private readonly string _take = $"""
        with s as (
            update {schema}.mt_streams set version = version + $3, "timestamp" = now()
             where id = $1 and version = $2 and is_archived = false
            returning version)
        select coordinator.require_append({schema.Literal}, $1, $2, (select version from s))
        """;

    private readonly string _insert = $"""
        insert into {schema}.mt_events (
            seq_id, id, stream_id, version, data, type, "timestamp", tenant_id, mt_dotnet_type,
            correlation_id, causation_id, headers, user_name, is_archived)
        select nextval({schema.Regclass("mt_events_sequence")}), e.id, e.stream_id, e.version, e.data, e.type, now(), '*DEFAULT*',
               e.dotnet_type, $7, $8, $9, $10, false
          from unnest($1::uuid[], $2::varchar[], $3::bigint[], $4::jsonb[], $5::varchar[], $6::varchar[])
               with ordinality as e (id, stream_id, version, data, type, dotnet_type, n)
         order by e.n
        """;

    private readonly string _archiveStream =
        $"update {schema}.mt_streams set is_archived = true where id = $1";

    private readonly string _archiveEvents =
        $"update {schema}.mt_events set is_archived = true where stream_id = $1";

    /// <summary>Takes the stream's row, at the expected version or not at all.</summary>
    public NpgsqlBatchCommand TakeStream(PendingStream stream)
    {
        var command = new NpgsqlBatchCommand(stream.Expected == 0 ? _start : _take)
        {
            Parameters =
            {
                SqlParameter.Text(stream.Key),
                SqlParameter.Number(stream.Expected!.Value),
                SqlParameter.Number(stream.EventCount),
            },
        };
        if (stream.Expected == 0)
        {
            command.Parameters.Add(SqlParameter.Text(stream.AggregateAlias));
        }

        return command;
    }

    /// <summary>All events of the session in one statement, in the order in which they were queued.</summary>
    public NpgsqlBatchCommand InsertEvents(IReadOnlyList<IEvent> events, SessionMetadata metadata) => new(_insert)
    {
        Parameters =
        {
            SqlParameter.Array(events.Select(e => e.Id), NpgsqlDbType.Uuid),
            SqlParameter.Array(events.Select(e => e.StreamKey), NpgsqlDbType.Varchar),
            SqlParameter.Array(events.Select(e => e.Version), NpgsqlDbType.Bigint),
            SqlParameter.Array(events.Select(e => EventRegistry.Serialize(e.Data)), NpgsqlDbType.Jsonb),
            SqlParameter.Array(events.Select(e => e.EventTypeName), NpgsqlDbType.Varchar),
            SqlParameter.Array(events.Select(e => e.DotNetTypeName!), NpgsqlDbType.Varchar),
            SqlParameter.Text(metadata.CorrelationId),
            SqlParameter.Text(metadata.CausationId),
            SqlParameter.Json(metadata.Headers is { Count: > 0 } headers ? JsonSerializer.Serialize(headers) : null),
            SqlParameter.Text(metadata.UserName),
        },
    };

    /// <summary>
    /// Two statements, not one: the second one's snapshot is taken after the row is held, so it sees the events of an
    /// append that the first one waited for.
    /// </summary>
    public IEnumerable<NpgsqlBatchCommand> Archive(string key) =>
    [
        new(_archiveStream) { Parameters = { SqlParameter.Text(key) } },
        new(_archiveEvents) { Parameters = { SqlParameter.Text(key) } },
    ];
}
