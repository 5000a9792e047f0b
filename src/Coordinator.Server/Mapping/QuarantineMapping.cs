using Coordinator.Engine.Quarantine;
using Coordinator.Server.Errors;
using Google.Protobuf.WellKnownTypes;

namespace Coordinator.Server.Mapping;

/// <summary>Rows in quarantine on the wire.</summary>
internal static class QuarantineMapping
{
    private const int MostKeys = 100;
    private const int LongestKey = 4000;

    public static V1.QuarantinedRow ToProto(string migration, ShardRow found) => new()
    {
        Backfill = ResourceNames.Backfill(migration, found.Row.Step),
        Shard = found.Shard,
        Table = found.Row.Table,
        // A key may be as long as a text may be; a page of those would be more than a message may hold.
        Key = found.Row.Key.Length <= LongestKey ? found.Row.Key : found.Row.Key[..LongestKey],
        SqlState = found.Row.SqlState,
        Message = found.Row.Message,
        FirstSeenTime = Timestamp.FromDateTimeOffset(found.Row.FirstSeen),
        LastSeenTime = Timestamp.FromDateTimeOffset(found.Row.LastSeen),
        WaivedBy = found.Row.WaivedBy ?? "",
        WaiveReason = found.Row.WaiveReason ?? "",
        WaiveTime = Timestamps.ToProto(found.Row.WaivedAt),
    };

    public static RowChoice ToDomain(string step, IReadOnlyCollection<string> keys, bool all) =>
        keys.Count <= MostKeys && keys.All(key => !key.Contains('\0', StringComparison.Ordinal))
            ? new RowChoice(step, [.. keys], all)
            : throw InvalidRequest.Field(
                "keys", "INVALID_ROW_CHOICE", "The request names too many keys, or one with a NUL.",
                $"Send at most {MostKeys} keys as they are listed, or ask for all rows.");
}
