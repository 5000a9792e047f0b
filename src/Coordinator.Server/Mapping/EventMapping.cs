using System.Text.Json;
using Coordinator.Engine.Migrations;
using Google.Protobuf.WellKnownTypes;

namespace Coordinator.Server.Mapping;

/// <summary>Events on the wire.</summary>
internal static class EventMapping
{
    public static V1.MigrationEvent ToProto(HistoryEntry entry) => new()
    {
        Version = entry.Event.Version,
        Type = entry.Event.EventTypeName,
        CreateTime = Timestamp.FromDateTimeOffset(entry.Event.Timestamp),
        Actor = entry.Event.UserName ?? "",
        DataJson = JsonSerializer.Serialize(entry.Event.Data, entry.Event.Data.GetType()),
        CorrelationId = entry.Event.CorrelationId ?? "",
        Backfill = entry.Backfill,
    };
}
