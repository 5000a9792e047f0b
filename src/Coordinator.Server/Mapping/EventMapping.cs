using System.Text.Json;
using Coordinator.EventStore;
using Google.Protobuf.WellKnownTypes;

namespace Coordinator.Server.Mapping;

/// <summary>Events on the wire.</summary>
internal static class EventMapping
{
    public static V1.MigrationEvent ToProto(IEvent recorded) => new()
    {
        Version = recorded.Version,
        Type = recorded.EventTypeName,
        CreateTime = Timestamp.FromDateTimeOffset(recorded.Timestamp),
        Actor = recorded.UserName ?? "",
        DataJson = JsonSerializer.Serialize(recorded.Data, recorded.Data.GetType()),
        CorrelationId = recorded.CorrelationId ?? "",
    };
}
