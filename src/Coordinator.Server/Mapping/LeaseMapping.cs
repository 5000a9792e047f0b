using Coordinator.Domain.Plans;
using Coordinator.Engine.Leasing;
using Coordinator.Server.Errors;
using Google.Protobuf.WellKnownTypes;

namespace Coordinator.Server.Mapping;

/// <summary>Leases on the wire.</summary>
internal static class LeaseMapping
{
    public static V1.BatchLease ToProto(GrantedBatch batch) => new()
    {
        Token = ToProto(batch.Token),
        Target = batch.Target,
        FirstBlock = batch.FirstBlock,
        EndBlock = batch.EndBlock,
        Statement = batch.Statement,
        Generation = batch.Generation,
        SystemIdentifier = batch.SystemIdentifier,
        Timeline = batch.Timeline,
        LeaseDuration = Duration.FromTimeSpan(batch.LeaseDuration),
        TriggerTable = batch.TriggerTable,
        TriggerName = batch.TriggerName,
        Table = batch.Table,
        LockTimeout = Duration.FromTimeSpan(batch.LockTimeout),
        StatementTimeout = Duration.FromTimeSpan(batch.StatementTimeout),
        Pause = batch.Pause > TimeSpan.Zero ? Duration.FromTimeSpan(batch.Pause) : null,
        Handler = batch.Key.Count == 0 ? batch.Handler : "",
        KeyRange = batch.Key.Count == 0 ? null : ToProto(batch.Key, batch.Handler),
    };

    private static V1.KeyRange ToProto(IReadOnlyList<KeyColumn> key, string handler)
    {
        var range = new V1.KeyRange { Handler = handler };
        range.Columns.AddRange(key.Select(static column => new V1.KeyRange.Types.Column { Name = column.Name, Type = column.Type }));
        return range;
    }

    public static V1.LeaseToken ToProto(LeaseToken token) => new()
    {
        Migration = token.Migration,
        Shard = token.Shard,
        Step = token.Step,
        Batch = token.Batch,
        Epoch = token.Epoch,
        LeaseId = token.LeaseId.ToString(),
    };

    public static LeaseToken ToDomain(V1.LeaseToken? token) =>
        token is not null && Guid.TryParseExact(token.LeaseId, "D", out var leaseId)
            ? new LeaseToken(token.Migration, token.Shard, token.Step, token.Batch, token.Epoch, leaseId)
            : throw InvalidRequest.Field(
                "token",
                "INVALID_LEASE_TOKEN",
                "A lease token is missing, or its lease_id is not a UUID.",
                "Send tokens as AcquireBatches gave them out.");

    public static BatchReceipt ToDomain(V1.BatchReceipt receipt) =>
        new(ToDomain(receipt.Token), receipt.RowCount, receipt.SystemIdentifier, receipt.Timeline, Elapsed(receipt.ExecutionTime));

    // What can't be a batch's time is no measurement.
    private static TimeSpan? Elapsed(Duration? time) =>
        time is { Seconds: >= 0 and < 86_400, Nanos: >= 0 and < 1_000_000_000 } ? time.ToTimeSpan() : null;

    public static BatchRelease ToDomain(V1.BatchRelease release) =>
        new(ToDomain(release.Token), release.Reason, release.SqlState, release.Message, release.ObservedEpoch);
}
