using Coordinator.Worker.Tests.Hosting;
using static Coordinator.Worker.Tests.Hosting.RunningWorker;

namespace Coordinator.Worker.Tests;

public sealed class BackfillWorkerStopTests
{
    private readonly FakeWorkers _service = new();
    private readonly FakeRunner _runner = new();

    [Fact]
    public async Task What_runs_may_end_and_is_reported_and_the_rest_is_given_back()
    {
        _service.Offer(1, 2, 3);
        _runner.Hold(1);
        await using var worker = await StartAsync(_service, _runner);
        await EventuallyAsync(() => _runner.Started.Count == 1, "the first batch");

        await worker.StopAsync();
        Assert.False(worker.Run.IsCompleted);
        _runner.End(1);
        await worker.Run;

        Assert.Equal([1L], _runner.Started);
        Assert.Equal([1L], _service.Completed);
        Assert.Equal([2L, 3], _service.Releases.Select(r => r.Token.Batch).Order());
        Assert.All(_service.Releases, release => Assert.Equal("WORKER_STOPPING", release.Reason));
    }

    [Fact]
    public async Task What_runs_too_long_is_cancelled_and_given_back()
    {
        _service.Offer(1);
        _runner.Hold(1);
        await using var worker = await StartAsync(_service, _runner);
        await EventuallyAsync(() => _runner.Started.Count == 1, "the batch");

        await worker.StopAsync();
        await worker.PumpAsync(() => worker.Run.IsCompleted, "the end", TimeSpan.FromSeconds(1));
        await worker.Run;

        Assert.Equal("WORKER_STOPPING", Assert.Single(_service.Releases).Reason);
        Assert.Empty(_service.Completed);
    }

    [Fact]
    public async Task Leases_that_arrive_while_it_stops_are_given_back()
    {
        var asked = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        _service.Offer(1).OnAcquire = _ =>
        {
            asked.TrySetResult();
            return answer.Task;
        };
        await using var worker = await StartAsync(_service, _runner);
        await asked.Task;

        await worker.StopAsync();
        answer.SetResult();
        await worker.Run;

        Assert.Empty(_runner.Started);
        Assert.Equal("WORKER_STOPPING", Assert.Single(_service.Releases).Reason);
    }

    [Fact]
    public async Task A_defect_ends_the_worker_and_is_not_hidden()
    {
        _service.Offer(1);
        _runner.Outcome = _ => throw new InvalidOperationException("a defect");
        var worker = await StartAsync(_service, _runner);

        await worker.PumpAsync(() => worker.Run.IsCompleted, "the end");

        await Assert.ThrowsAsync<InvalidOperationException>(() => worker.Run);
        await worker.DisposeAsync();
    }
}
