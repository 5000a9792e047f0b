using Coordinator.Worker.Batches;
using Coordinator.Worker.Tests.Hosting;
using Google.Protobuf.WellKnownTypes;
using static Coordinator.Worker.Tests.Hosting.RunningWorker;

namespace Coordinator.Worker.Tests.Running;

/// <summary>What a worker does for the pace: it pauses where it is told to, and says how long a batch took in the target.</summary>
public sealed class PaceTests
{
    private readonly FakeWorkers _service = new();
    private readonly FakeRunner _runner = new();

    [Fact]
    public async Task Between_two_batches_it_pauses_as_it_was_told()
    {
        foreach (var batch in Enumerable.Range(1, 2))
        {
            var lease = FakeWorkers.NewLease(batch);
            lease.Pause = Duration.FromTimeSpan(TimeSpan.FromSeconds(5));
            _service.Offered.Enqueue(lease);
        }

        await using var worker = await StartAsync(_service, _runner);
        await worker.PumpAsync(() => _service.Completed.Contains(1), "the first batch is reported", TimeSpan.FromMilliseconds(50));
        var reported = worker.Clock.GetUtcNow();
        Assert.Equal([1L], _runner.Started);

        await worker.PumpAsync(() => _runner.Started.Count == 2, "the second batch begins");

        Assert.True(worker.Clock.GetUtcNow() - reported >= TimeSpan.FromSeconds(4));
    }

    [Fact]
    public async Task It_says_how_many_batches_it_runs_at_once_and_how_long_each_took()
    {
        _runner.Outcome = _ => new BatchOutcome.Committed(10, "1") { Elapsed = TimeSpan.FromMilliseconds(73) };
        _service.Offer(1);
        await using var worker = await StartAsync(_service, _runner, options => options.Parallelism = 3);

        await worker.PumpAsync(() => _service.Completed.Contains(1), "the batch is reported");

        Assert.Equal(3, _service.Acquires.First().Parallelism);
        Assert.Equal(TimeSpan.FromMilliseconds(73), _service.Completes.First().Receipts[0].ExecutionTime.ToTimeSpan());
    }
}
