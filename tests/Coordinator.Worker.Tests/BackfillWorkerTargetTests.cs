using Coordinator.Client.Tests.Hosting;
using Coordinator.Postgres.Identity;
using Coordinator.Postgres.Ledger;
using Coordinator.Testing;
using Coordinator.V1;
using Coordinator.Worker.Tests.Hosting;

namespace Coordinator.Worker.Tests;

/// <summary>
/// Workers against a real target. The statement is not idempotent, so a batch that ran twice, or never, shows in the rows.
/// </summary>
public sealed class BackfillWorkerTargetTests : IAsyncLifetime
{
    private const string Migration = "m";

    private readonly FakeWorkers _service = new();
    private InstalledTarget _target = null!;
    private TargetIdentity _identity = null!;
    private long _generation;
    private long _blocks;

    public async Task InitializeAsync()
    {
        _target = await InstalledTarget.CreateAsync();
        // Without room for new row versions in their own page, updated rows would move into later batches: no trigger
        // keeps this table in sync, so the test keeps every version where it is.
        await _target.ExecuteAsOwnerAsync(
            """
            create table item (id bigint, n integer not null default 0, filler text) with (fillfactor = 40);
            insert into item select i, 0, repeat('x', 100) from generate_series(1, 2000) i
            """);
        _identity = await TargetIdentity.ReadAsync(_target.Coordinator, CancellationToken.None);
        _generation = await FenceControl.EnsureAsync(
            _target.Coordinator, Migration, Guid.CreateVersion7(), CancellationToken.None);
        _blocks = await _target.Database.ScalarAsync<long>("select pg_relation_size('item') / 8192");
    }

    public Task DisposeAsync() => _target.DisposeAsync().AsTask();

    [Fact]
    public async Task Several_workers_run_every_batch_once_also_when_a_batch_is_granted_twice()
    {
        // What was given back is granted again, above every epoch that was granted before.
        _service.OnRelease = release => _service.Offered.Enqueue(
            NewLease(release.Token.Batch, Math.Max(release.Token.Epoch, release.ObservedEpoch) + 2));
        var batches = 0;
        for (var block = 0L; block < _blocks; block += 2, batches++)
        {
            _service.Offered.Enqueue(NewLease(block, epoch: 1));
            if (block % 8 == 0)
            {
                _service.Offered.Enqueue(NewLease(block, epoch: 2));
            }
        }

        await using var host = await GrpcHost.StartAsync(_service);
        using var client = Clients.For(host.Address);
        using var stop = new CancellationTokenSource();
        await using var one = NewWorker(client, "w1");
        await using var two = NewWorker(client, "w2");
        var runs = Task.WhenAll(one.RunAsync(stop.Token), two.RunAsync(stop.Token));

        await RunningWorker.EventuallyAsync(
            () => _service.Offered.IsEmpty && _service.Completed.Distinct().Count() == batches, "an end of every batch");
        await stop.CancelAsync();
        await runs;

        Assert.Equal(2000L, await _target.Database.ScalarAsync<long>("select count(*) from item where n = 1"));
        Assert.All(_service.Releases, release => Assert.True(release.Reason is "SUPERSEDED" or "BATCH_BUSY", release.Reason));
        Assert.All(
            _service.Completes.SelectMany(complete => complete.Receipts),
            receipt => Assert.Equal((_identity.SystemIdentifier, _identity.Timeline), (receipt.SystemIdentifier, receipt.Timeline)));
    }

    [Fact]
    public async Task A_batch_that_was_granted_before_the_fence_moved_changes_nothing()
    {
        _service.Offered.Enqueue(NewLease(0, epoch: 1));
        await FenceControl.RaiseAsync(_target.Coordinator, Migration, FenceMode.Paused, CancellationToken.None);
        await using var host = await GrpcHost.StartAsync(_service);
        using var client = Clients.For(host.Address);
        using var stop = new CancellationTokenSource();
        await using var worker = NewWorker(client, "w1");
        var run = worker.RunAsync(stop.Token);

        await RunningWorker.EventuallyAsync(() => _service.Releases.Count == 1, "the batch given back");
        await stop.CancelAsync();
        await run;

        Assert.Equal("FENCE_MOVED", _service.Releases.Single().Reason);
        Assert.Equal(0L, await _target.Database.ScalarAsync<long>("select count(*) from item where n > 0"));
    }

    private BackfillWorker NewWorker(Client.CoordinatorClient client, string id) => new(
        client,
        new CoordinatorWorkerOptions
        {
            WorkerId = id,
            Parallelism = 2,
            Targets = { ["shop"] = _target.Roles.WorkerConnectionString },
        });

    private BatchLease NewLease(long block, long epoch)
    {
        var lease = FakeWorkers.NewLease(block, epoch);
        lease.Token.Migration = Migration;
        lease.EndBlock = Math.Min(block + 2, _blocks);
        lease.Statement = "update item set n = n + 1 where ctid >= $1 and ctid < $2";
        lease.Generation = _generation;
        lease.SystemIdentifier = _identity.SystemIdentifier;
        lease.Timeline = _identity.Timeline;
        return lease;
    }
}
