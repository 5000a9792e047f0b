using Coordinator.Worker.Batches;
using Coordinator.Worker.Tests.Hosting;
using Grpc.Core;
using static Coordinator.Worker.Tests.Hosting.RunningWorker;

namespace Coordinator.Worker.Tests.Handlers;

/// <summary>What a worker does around batches that are run by a handler.</summary>
public sealed class HandlerLeaseTests
{
    private readonly FakeWorkers _service = new();
    private readonly FakeRunner _runner = new();

    public HandlerLeaseTests()
    {
        var lease = FakeWorkers.NewLease(1);
        lease.Handler = "recompute";
        _service.Offered.Enqueue(lease);
        _runner.Hold(1);
    }

    [Fact]
    public async Task The_handlers_names_are_told_with_every_request()
    {
        await using var worker = await StartedAsync();

        Assert.Equal(["recompute", "translate"], _service.Acquires.First().Handlers.Order());
    }

    [Fact]
    public async Task Renewals_keep_the_lease_of_a_slow_handler()
    {
        await using var worker = await StartedAsync();

        await worker.PumpAsync(() => _service.Renewals.Count >= 8, "more than twice the lease", TimeSpan.FromSeconds(0.5));
        _runner.End(1);

        await worker.PumpAsync(() => _service.Completed.Contains(1), "the report");
        Assert.Empty(_service.Releases);
    }

    [Fact]
    public async Task A_handler_is_cancelled_when_its_lease_was_not_extended()
    {
        _service.OnRenew = _ => [];
        await using var worker = await StartedAsync();

        await worker.PumpAsync(() => _service.Releases.Count == 1, "the batch given back");

        Assert.Equal("LEASE_EXPIRED", _service.Releases.Single().Reason);
        Assert.Single(_service.Renewals);
    }

    [Fact]
    public async Task A_handler_is_cancelled_at_the_deadline_when_nobody_answers()
    {
        _service.OnRenew = _ => throw new RpcException(new Status(StatusCode.Unavailable, "down"));
        await using var worker = await StartedAsync();
        var started = worker.Clock.GetTimestamp();

        await worker.PumpAsync(() => _service.Releases.Count == 1, "the batch given back");

        Assert.Equal("LEASE_EXPIRED", _service.Releases.Single().Reason);
        Assert.True(worker.Clock.GetElapsedTime(started) >= FakeWorkers.Lease, "not before the deadline");
    }

    [Fact]
    public async Task A_failure_is_given_back_with_what_the_handler_threw()
    {
        var lease = FakeWorkers.NewLease(2);
        lease.Handler = "recompute";
        _service.Offered.Enqueue(lease);
        _runner.Outcome = _ => new BatchOutcome.HandlerFailed("FormatException: no such currency");
        await using var worker = await StartedAsync(parallelism: 2);

        await worker.PumpAsync(() => _service.Releases.Count == 1, "the batch given back");

        var release = _service.Releases.Single();
        Assert.Equal(("HANDLER_FAILED", "FormatException: no such currency"), (release.Reason, release.Message));
    }

    private async Task<RunningWorker> StartedAsync(int parallelism = 1)
    {
        var worker = await StartAsync(_service, _runner, options =>
        {
            options.Parallelism = parallelism;
            options.AddHandler("recompute", (_, _) => Task.FromResult(0L));
            options.AddHandler("translate", (_, _) => Task.FromResult(0L));
        });
        await EventuallyAsync(() => _runner.Started.Contains(1), "the handler's batch");
        return worker;
    }
}
