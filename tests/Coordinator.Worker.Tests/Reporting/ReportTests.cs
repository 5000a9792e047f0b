using Coordinator.Worker.Batches;
using Coordinator.Worker.Tests.Hosting;
using Grpc.Core;
using static Coordinator.Worker.Tests.Hosting.RunningWorker;

namespace Coordinator.Worker.Tests.Reporting;

public sealed class ReportTests
{
    private readonly FakeWorkers _service = new();
    private readonly FakeRunner _runner = new();

    [Fact]
    public async Task Batches_are_reported_together()
    {
        _service.Offer(Enumerable.Range(1, 5));
        _runner.Hold(5);
        await using var worker = await StartAsync(_service, _runner);
        await EventuallyAsync(() => _runner.Started.Count == 5, "the last batch");
        Assert.Empty(_service.Completes);

        worker.Clock.Advance(new CoordinatorWorkerOptions().ReportDelay);
        await EventuallyAsync(() => _service.Completes.Count == 1, "the report");

        Assert.Equal([1L, 2, 3, 4], _service.Completed);
        _runner.End(5);
    }

    [Fact]
    public async Task A_worker_that_has_nothing_else_to_do_reports_at_once()
    {
        _service.Offer(1, 2, 3);
        await using var worker = await StartAsync(_service, _runner);

        await EventuallyAsync(() => _service.Completed.Count() == 3, "the reports, with a clock that stands still");

        var receipt = _service.Completes.First().Receipts.First();
        Assert.Equal((10L, 7L, "00000001"), (receipt.RowCount, receipt.SystemIdentifier, receipt.Timeline));
    }

    [Fact]
    public async Task A_report_that_was_not_taken_is_sent_again()
    {
        var calls = 0;
        _service.Offer(1).OnComplete = _ =>
        {
            if (++calls < 3)
            {
                throw new RpcException(new Status(StatusCode.Unavailable, "down"));
            }
        };
        await using var worker = await StartAsync(_service, _runner);

        await worker.PumpAsync(() => _service.Completed.Contains(1), "the report");
    }

    [Fact]
    public async Task A_report_that_is_refused_does_not_hold_up_the_others()
    {
        _service.Offer(1, 2, 3).OnComplete = request =>
        {
            if (request.Receipts.Any(r => r.Token.Batch == 2))
            {
                throw new RpcException(new Status(StatusCode.NotFound, "no such backfill"));
            }
        };
        _runner.Hold(3);
        await using var worker = await StartAsync(_service, _runner);
        await EventuallyAsync(() => _runner.Started.Count == 3, "the last batch");
        worker.Clock.Advance(new CoordinatorWorkerOptions().ReportDelay);
        await EventuallyAsync(() => _service.Completed.Contains(1), "the first batch's report");

        _runner.End(3);

        await worker.PumpAsync(() => _service.Completed.Contains(3), "the third batch's report");
        Assert.DoesNotContain(2, _service.Completed);
    }

    [Fact]
    public async Task A_batch_that_failed_is_given_back_with_its_sqlstate_and_the_worker_pauses()
    {
        _service.Offer(1, 2);
        _runner.Outcome = lease => lease.Token.Batch == 1
            ? new BatchOutcome.Failed("40P01", "deadlock detected", FailureKind.Transient)
            : new BatchOutcome.Committed(1, "1");
        await using var worker = await StartAsync(_service, _runner, o => o.ReportDelay = TimeSpan.Zero);

        await EventuallyAsync(() => _service.Releases.Count == 1, "the batch given back");
        var release = _service.Releases.Single();
        Assert.Equal(("RETRYABLE_ERROR", "40P01", "deadlock detected"), (release.Reason, release.SqlState, release.Message));
        Assert.Equal([1L], _runner.Started);

        await worker.PumpAsync(() => _service.Completed.Contains(2), "the next batch");
    }

    [Fact]
    public async Task When_the_fence_has_moved_all_batches_of_its_generation_are_given_back_unstarted()
    {
        _service.Offer(1, 2, 3);
        _service.Offered.Last().Generation = 2;
        _runner.Outcome = lease => lease.Generation == 1
            ? new BatchOutcome.FenceMoved("generation 2")
            : new BatchOutcome.Committed(1, "1");
        await using var worker = await StartAsync(_service, _runner);

        await worker.PumpAsync(
            () => _service.Completed.Contains(3) && _service.Releases.Count == 2, "the batch of the new generation, and the others given back");

        Assert.Equal([1L, 3], _runner.Started);
        Assert.Equal([(1L, "FENCE_MOVED"), (2, "FENCE_MOVED")], _service.Releases.Select(r => (r.Token.Batch, r.Reason)));
    }

    [Fact]
    public async Task A_batch_of_an_unknown_database_is_given_back()
    {
        _service.Offer(1);
        _runner.OnKnows = _ => false;
        await using var worker = await StartAsync(_service, _runner);

        await worker.PumpAsync(() => _service.Releases.Count == 1, "the batch given back");

        Assert.Equal("UNKNOWN_TARGET", _service.Releases.Single().Reason);
        Assert.Empty(_runner.Started);
    }
}
