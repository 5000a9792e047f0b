using Coordinator.Worker.Tests.Hosting;
using Grpc.Core;
using static Coordinator.Worker.Tests.Hosting.RunningWorker;

namespace Coordinator.Worker.Tests.Leases;

public sealed class RenewalTests
{
    private readonly FakeWorkers _service = new();
    private readonly FakeRunner _runner = new();

    [Fact]
    public async Task All_leases_are_extended_in_one_call_after_a_third_of_their_time()
    {
        _service.Offer(Enumerable.Range(1, 6));
        _runner.Hold(1, 2);
        await using var worker = await StartAsync(_service, _runner, o => o.Parallelism = 2);
        await EventuallyAsync(
            () => _runner.Started.Count == 2 && worker.Clock.NextDue == TimeSpan.FromSeconds(5), "two running batches");

        worker.Clock.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromTicks(1));
        Assert.Empty(_service.Renewals);
        worker.Clock.Advance(TimeSpan.FromTicks(1));
        await EventuallyAsync(() => _service.Renewals.Count == 1, "the renewal");

        Assert.Equal([1L, 2, 3, 4, 5, 6], _service.Renewals.Single().Tokens.Select(t => t.Batch).Order());
        _runner.End(1);
        _runner.End(2);
        await EventuallyAsync(() => _runner.Started.Count == 6, "the other batches");
        Assert.Single(_service.Renewals);
    }

    [Fact]
    public async Task A_batch_whose_lease_was_extended_runs_long_after_the_first_deadline()
    {
        _service.Offer(1, 2);
        _runner.Hold(1);
        await using var worker = await StartAsync(_service, _runner);
        await EventuallyAsync(() => _runner.Started.Count == 1, "the first batch");

        await worker.PumpAsync(() => _service.Renewals.Count >= 6, "half a minute", TimeSpan.FromSeconds(0.5));
        _runner.End(1);

        await worker.PumpAsync(() => _service.Completed.Count() == 2, "both batches");
        Assert.Empty(_service.Releases);
    }

    [Fact]
    public async Task A_batch_is_not_started_after_its_local_deadline()
    {
        _service.Offer(1, 2, 3);
        _service.OnRenew = _ => throw new RpcException(new Status(StatusCode.Unavailable, "down"));
        _runner.Hold(1);
        await using var worker = await StartAsync(_service, _runner);
        await EventuallyAsync(() => _runner.Started.Count == 1, "the first batch");

        // Two seconds before the end, which is the margin.
        worker.Clock.Advance(TimeSpan.FromSeconds(13));
        _runner.End(1);

        await worker.PumpAsync(() => _service.Releases.Count == 2, "the batches given back");
        Assert.Equal([1L], _runner.Started);
        Assert.All(_service.Releases, release => Assert.Equal("LEASE_EXPIRED", release.Reason));
        await worker.PumpAsync(() => _service.Completed.Contains(1), "the batch that ran");
    }

    [Fact]
    public async Task A_batch_whose_lease_was_not_extended_is_not_started()
    {
        _service.Offer(1, 2, 3, 4, 5);
        _service.OnRenew = tokens => tokens.Where(token => token.Batch is 1 or 4);
        _runner.Hold(1);
        await using var worker = await StartAsync(_service, _runner);
        await EventuallyAsync(
            () => _runner.Started.Count == 1 && worker.Clock.NextDue == TimeSpan.FromSeconds(5), "the first batch");
        Assert.Single(_service.Acquires);

        worker.Clock.Advance(TimeSpan.FromSeconds(5));
        await EventuallyAsync(() => _service.Acquires.Count == 2, "the worker to have room again");
        _runner.End(1);

        await worker.PumpAsync(() => _service.Completed.Count() == 2, "the batches that were left");
        Assert.Equal([1L, 4], _runner.Started);
    }

    [Fact]
    public async Task A_running_batch_whose_lease_was_lost_is_left_to_the_ledger()
    {
        _service.Offer(1);
        _service.OnRenew = _ => [];
        _runner.Hold(1);
        await using var worker = await StartAsync(_service, _runner);
        await EventuallyAsync(() => _runner.Started.Count == 1, "the batch");

        await worker.PumpAsync(() => _service.Renewals.Count == 1, "the renewal");
        _runner.End(1);

        await worker.PumpAsync(() => _service.Completed.Contains(1), "the report");
        Assert.Single(_service.Renewals);
    }
}
