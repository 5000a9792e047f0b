using Coordinator.Testing;
using Coordinator.Worker.Tests.Hosting;
using Grpc.Core;
using static Coordinator.Worker.Tests.Hosting.RunningWorker;

namespace Coordinator.Worker.Tests.Leases;

public sealed class AcquisitionTests
{
    private readonly FakeWorkers _service = new();
    private readonly FakeRunner _runner = new();

    [Fact]
    public async Task The_next_batches_are_at_hand_when_the_coordinator_is_slow()
    {
        var never = new TaskCompletionSource();
        _service.Offer(Enumerable.Range(1, 20)).OnAcquire = call => call == 1 ? Task.CompletedTask : never.Task;
        await using var worker = await StartAsync(_service, _runner);

        await EventuallyAsync(() => _runner.Started.Count == 5, "all batches of the first answer");

        Assert.Equal([1L, 2, 3, 4, 5], _runner.Started);
        Assert.Equal(5, _service.Acquires.First().MaxBatchCount);
        never.SetResult();
    }

    [Fact]
    public async Task It_asks_again_when_half_of_what_waits_is_used_up()
    {
        _service.Offer(Enumerable.Range(1, 20));
        _runner.Hold(1, 2, 3);
        await using var worker = await StartAsync(_service, _runner);
        await EventuallyAsync(() => _runner.Started.Count == 1, "the first batch");
        Assert.Single(_service.Acquires);

        // As long as four of them take half a second.
        worker.Clock.Advance(TimeSpan.FromMilliseconds(125));
        _runner.End(1);
        await EventuallyAsync(() => _runner.Started.Count == 2, "the second batch");
        Assert.Single(_service.Acquires);

        worker.Clock.Advance(TimeSpan.FromMilliseconds(125));
        _runner.End(2);
        await EventuallyAsync(() => _service.Acquires.Count == 2, "another request");
        Assert.Equal(2, _service.Acquires.Last().MaxBatchCount);
        _runner.End(3);
    }

    [Fact]
    public async Task Of_long_batches_none_is_asked_for_before_the_last_that_waits_has_begun()
    {
        _service.Offer(Enumerable.Range(1, 20));
        _runner.Hold(Enumerable.Range(1, 6));
        await using var worker = await StartAsync(_service, _runner);
        for (var batch = 1; batch < 5; batch++)
        {
            await EventuallyAsync(() => _runner.Started.Count == batch, "the batch");
            Assert.Single(_service.Acquires);
            worker.Clock.Advance(TimeSpan.FromSeconds(2));
            _runner.End(batch);
        }

        await EventuallyAsync(() => _service.Acquires.Count == 2, "another request");

        Assert.Equal(1, _service.Acquires.Last().MaxBatchCount);
        _runner.End(5);
        _runner.End(6);
    }

    [Fact]
    public async Task A_request_without_an_answer_is_repeated_with_its_id()
    {
        _service.Offer(1).OnAcquire = call => call < 4 ? throw Unavailable() : Task.CompletedTask;
        await using var worker = await StartAsync(_service, _runner);

        await worker.PumpAsync(() => _service.Completed.Contains(1), "the batch");
        await worker.PumpAsync(() => _service.Acquires.Count > 4, "the next request");

        Assert.Single(_service.Acquires.Take(4).Select(a => a.RequestId).Distinct());
        Assert.NotEqual(_service.Acquires.First().RequestId, _service.Acquires.Last().RequestId);
    }

    [Fact]
    public async Task A_request_that_has_become_too_old_is_given_up()
    {
        _service.OnAcquire = _ => throw Unavailable();
        await using var worker = await StartAsync(_service, _runner);

        await worker.PumpAsync(
            () => _service.Acquires.Select(a => a.RequestId).Distinct().Count() > 1,
            "another request id",
            TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Leases_are_counted_from_when_their_request_was_first_sent()
    {
        var clock = new ManualTimeProvider();
        _service.Offer(1, 2).OnAcquire = call =>
        {
            clock.Jump(TimeSpan.FromSeconds(call <= 2 ? 7 : 0));
            return call == 1 ? throw Unavailable() : Task.CompletedTask;
        };
        _service.OnRenew = _ => throw Unavailable();
        await using var worker = await StartAsync(_service, _runner, clock: clock);

        // In small steps: what the clock runs ahead while the machine is busy counts against the request's own time.
        await worker.PumpAsync(() => _service.Releases.Count == 2, "the batches given back", step: TimeSpan.FromMilliseconds(10));

        Assert.Empty(_runner.Started);
        Assert.All(_service.Releases, release => Assert.Equal("LEASE_EXPIRED", release.Reason));
    }

    [Fact]
    public async Task It_asks_for_the_targets_that_it_knows_and_waits_when_there_is_nothing()
    {
        await using var worker = await StartAsync(_service, _runner, o =>
        {
            o.Targets["books/s1"] = "Host=a";
            o.Targets["books/s2"] = "Host=b";
            o.Migration = "m";
        });

        await EventuallyAsync(() => worker.Clock.NextDue == TimeSpan.FromSeconds(1), "the pause that was asked for");

        var request = Assert.Single(_service.Acquires);
        Assert.Equal(["shop", "books"], request.Targets);
        Assert.Equal(("w1", "m"), (request.Worker, request.Migration));
    }

    private static RpcException Unavailable() => new(new Status(StatusCode.Unavailable, "down"));
}
