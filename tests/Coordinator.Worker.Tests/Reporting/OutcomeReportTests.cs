using Coordinator.Worker.Batches;
using Coordinator.Worker.Reporting;
using Coordinator.Worker.Tests.Hosting;

namespace Coordinator.Worker.Tests.Reporting;

public sealed class OutcomeReportTests
{
    public static TheoryData<BatchOutcome, string, string, long> Releases => new()
    {
        { new BatchOutcome.Superseded(5), "SUPERSEDED", "", 5 },
        { new BatchOutcome.Superseded(null), "SUPERSEDED", "", 0 },
        { new BatchOutcome.FenceMoved("x"), "FENCE_MOVED", "", 0 },
        { new BatchOutcome.Busy("x"), "BATCH_BUSY", "", 0 },
        { new BatchOutcome.WrongTarget("x"), "WRONG_TARGET", "", 0 },
        { new BatchOutcome.SyncTriggerBroken("x"), "SYNC_TRIGGER_BROKEN", "", 0 },
        { new BatchOutcome.ProtocolBroken("CO009", "x"), "PROTOCOL_BROKEN", "CO009", 0 },
        { new BatchOutcome.Failed("55P03", "x", FailureKind.Transient), "RETRYABLE_ERROR", "55P03", 0 },
        { new BatchOutcome.Failed("22012", "x", FailureKind.Data), "STATEMENT_FAILED", "22012", 0 },
        { new BatchOutcome.Failed("XX000", "x", FailureKind.Unknown), "STATEMENT_FAILED", "XX000", 0 },
        { new BatchOutcome.Failed("42703", "x", FailureKind.Configuration), "CONFIGURATION_ERROR", "42703", 0 },
        { new BatchOutcome.Failed("CO015", "x", FailureKind.TooManyBadRows), "TOO_MANY_BAD_ROWS", "CO015", 0 },
        { new BatchOutcome.Unreachable("x"), "TARGET_UNREACHABLE", "", 0 },
        { new BatchOutcome.Unsettled("x"), "COMMIT_UNKNOWN", "", 0 },
    };

    [Theory]
    [MemberData(nameof(Releases))]
    public void A_batch_that_did_not_commit_is_given_back_with_its_reason(
        BatchOutcome outcome, string reason, string sqlState, long epoch)
    {
        var lease = FakeWorkers.NewLease(1);

        Assert.Null(OutcomeReport.Receipt(lease, outcome));
        var release = OutcomeReport.Release(lease, outcome);
        Assert.Equal((reason, sqlState, epoch), (release.Reason, release.SqlState, release.ObservedEpoch));
        Assert.Equal(lease.Token, release.Token);
    }

    [Fact]
    public void A_batch_that_somebody_else_finished_is_reported_as_done_where_it_was_seen()
    {
        var receipt = OutcomeReport.Receipt(
            FakeWorkers.NewLease(1),
            new BatchOutcome.AlreadyDone(3, "9", 2) { SystemIdentifier = 8, Timeline = "00000002" });

        Assert.Equal((3L, 8L, "00000002"), (receipt!.RowCount, receipt.SystemIdentifier, receipt.Timeline));
    }
}
