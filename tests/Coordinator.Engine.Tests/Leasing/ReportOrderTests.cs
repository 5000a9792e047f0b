using Coordinator.Engine.Leasing;

namespace Coordinator.Engine.Tests.Leasing;

/// <summary>Reports that come late, in another order, or to a replica that has not granted the batch.</summary>
public sealed class ReportOrderTests(CoordinationFixture fixture) : IClassFixture<CoordinationFixture>
{
    private readonly BackfillFixture _backfills = new(fixture);

    [Fact]
    public async Task A_report_that_comes_after_the_successors_already_done_changes_nothing()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("late", 10, 10));
        var first = Assert.Single(await _backfills.AcquireAsync("late", 1));
        await _backfills.ExpireAsync("late");
        var second = Assert.Single(await _backfills.AcquireAsync("late", 1, worker: "other"));

        // The successor found the batch done in the ledger, with the rows that the first holder wrote.
        await _backfills.Leasing.CompleteAsync("other", [BackfillFixture.Receipt(second, rows: 10)], CancellationToken.None);
        for (var time = 0; time < 3; time++)
        {
            await _backfills.CompleteAsync(BackfillFixture.Receipt(first, rows: 10));
        }

        var progress = await _backfills.ProgressAsync("late");
        Assert.Equal((10L, 1L, 10L), (progress.Rows, progress.Batches, progress.DoneBlocks));
        Assert.True(await _backfills.IsDoneAsync("late"));
    }

    [Fact]
    public async Task A_report_to_a_replica_that_did_not_grant_the_batch_is_taken()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("elsewhere", 10, 10));
        var batch = Assert.Single(await _backfills.AcquireAsync("elsewhere", 1));
        await using var database = new CoordinationDatabase(fixture.Database.ConnectionString);

        await new BatchLeasing(database, fixture.Options).CompleteAsync("w", [BackfillFixture.Receipt(batch)], CancellationToken.None);

        Assert.True(await _backfills.IsDoneAsync("elsewhere"));
        Assert.Empty(await _backfills.AcquireAsync("elsewhere", 1));
    }
}
