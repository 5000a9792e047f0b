using Google.Protobuf.WellKnownTypes;

namespace Coordinator.Server.Mapping;

/// <summary>Times that may be missing.</summary>
internal static class Timestamps
{
    public static Timestamp? ToProto(DateTimeOffset? time) => time is { } known ? Timestamp.FromDateTimeOffset(known) : null;
}
