using BenchmarkDotNet.Attributes;
using Coordinator.Postgres.Identity;
using Coordinator.Postgres.Ledger;
using Coordinator.Testing;
using Coordinator.Worker.Batches;

namespace Coordinator.Benchmarks;

/// <summary>
/// A batch under the whole protocol (fence, ledger, guards, one message) against the same UPDATE on its own. The test
/// server has fsync off, so this shows the messages and the server's work, not the disk.
/// </summary>
public class BatchProtocolBenchmark
{
    private InstalledTarget _target = null!;
    private BatchGrant _grant = null!;

    /// <summary>How many rows a batch changes.</summary>
    [Params(100, 2000)]
    public int Rows { get; set; }

    private string Update => $"update item set n = n + 1 where id <= {Rows}";

    /// <summary>A table, an open fence, and the grant that the batches differ from by their number.</summary>
    [GlobalSetup]
    public void SetUp() => SetUpAsync().GetAwaiter().GetResult();

    /// <summary>Drops the database.</summary>
    [GlobalCleanup]
    public void CleanUp() => _target.DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>The baseline: the UPDATE, committing by itself.</summary>
    [Benchmark(Baseline = true)]
    public async Task PlainUpdateAsync()
    {
        await using var command = _target.Worker.CreateCommand(Update);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The first holder's batch: claimed inside its own transaction.</summary>
    [Benchmark]
    public Task FirstHolderAsync() => RunAsync(epoch: 1);

    /// <summary>A later holder's batch: raised in a committed transaction before.</summary>
    [Benchmark]
    public Task LaterHolderAsync() => RunAsync(epoch: 2);

    private async Task RunAsync(long epoch)
    {
        _grant = _grant with { Batch = _grant.Batch + 1, Epoch = epoch };
        var outcome = await BatchTransaction.RunAsync(_target.Worker, _grant, CancellationToken.None);
        if (outcome is not BatchOutcome.Committed)
        {
            throw new InvalidOperationException($"The batch was not committed: {outcome}");
        }
    }

    private async Task SetUpAsync()
    {
        _target = await InstalledTarget.CreateAsync();
        await _target.ExecuteAsOwnerAsync(
            """
            create table item (id int primary key, n int not null) with (fillfactor = 50);
            insert into item select i, 0 from generate_series(1, 10000) as i
            """);
        var identity = await TargetIdentity.ReadAsync(_target.Coordinator, CancellationToken.None);
        _grant = new BatchGrant
        {
            Migration = "benchmark",
            Step = "backfill",
            Batch = 0,
            Lo = 0,
            Hi = 1,
            Statement = Update,
            Epoch = 1,
            LeaseId = Guid.CreateVersion7(),
            Generation = await FenceControl.EnsureAsync(
                _target.Coordinator, "benchmark", Guid.CreateVersion7(), CancellationToken.None),
            SystemIdentifier = identity.SystemIdentifier,
            Timeline = identity.Timeline,
        };
    }
}
