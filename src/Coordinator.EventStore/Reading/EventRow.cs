using System.Text.Json;
using Coordinator.EventStore.Registry;
using Npgsql;

namespace Coordinator.EventStore.Reading;

/// <summary>The columns of an event that are read, and the way from a row to the envelope.</summary>
internal static class EventRow
{
    /// <summary>For a table that is called <c>e</c>, in the order that <see cref="Read"/> needs.</summary>
    public const string Columns = """
        e.seq_id, e.id, e.stream_id, e.version, e.data, e.type, e."timestamp", e.mt_dotnet_type,
        e.correlation_id, e.causation_id, e.user_name, e.headers, e.is_archived
        """;

    /// <summary>False for the row that an outer join gives for no event.</summary>
    public static bool IsPresent(NpgsqlDataReader reader) => !reader.IsDBNull(0);

    public static EventEnvelope Read(NpgsqlDataReader reader, EventRegistry registry)
    {
        var sequence = reader.GetInt64(0);
        var alias = reader.GetString(5);
        return new EventEnvelope
        {
            Sequence = sequence,
            Id = reader.GetGuid(1),
            StreamKey = reader.GetString(2),
            Version = reader.GetInt64(3),
            Data = registry.Deserialize(alias, sequence, reader.GetString(4)),
            EventTypeName = alias,
            Timestamp = reader.GetFieldValue<DateTimeOffset>(6),
            DotNetTypeName = Text(reader, 7),
            CorrelationId = Text(reader, 8),
            CausationId = Text(reader, 9),
            UserName = Text(reader, 10),
            Headers = Text(reader, 11) is { } headers ? ReadHeaders(headers) : EventEnvelope.NoHeaders,
            IsArchived = !reader.IsDBNull(12) && reader.GetBoolean(12),
        };
    }

    private static string? Text(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetString(column);

    /// <summary>Another writer's headers may hold anything; what is not a string is given as its JSON text.</summary>
    private static Dictionary<string, string> ReadHeaders(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.ValueKind != JsonValueKind.Object
            ? []
            : document.RootElement.EnumerateObject().ToDictionary(h => h.Name, h => h.Value.ToString());
    }
}
