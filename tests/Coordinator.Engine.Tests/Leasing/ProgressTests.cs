using Coordinator.Engine.Leasing;
using Coordinator.Engine.Pacing;

namespace Coordinator.Engine.Tests.Leasing;

public sealed class ProgressTests(CoordinationFixture fixture) : IClassFixture<CoordinationFixture>
{
    private readonly BackfillFixture _backfills = new(fixture);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task It_is_what_the_batches_say_and_never_too_much_through_takeovers_late_reports_and_lost_batches(int seed)
    {
        var name = $"random-{seed}";
        var random = new Random(seed);
        var store = new PaceStore(fixture.Coordination, fixture.Options);
        await _backfills.StartAsync(BackfillFixture.Pass(name, 300, 7));
        var granted = new List<GrantedBatch>();
        for (var step = 0; step < 120; step++)
        {
            switch (random.Next(7))
            {
                case 0:
                    await _backfills.ExpireAsync(name);
                    break;
                case 1 when granted.Count > 0:
                    // Late, twice, or of a lease that is long gone.
                    await _backfills.CompleteAsync([.. random.GetItems([.. granted], 3).DistinctBy(batch => batch.Token.Batch)
                        .Select(batch => BackfillFixture.Receipt(batch))]);
                    break;
                case 2 when granted.Count > 0:
                    await _backfills.Control.ReopenAsync(
                        name, "main", BackfillFixture.Step, [random.GetItems([.. granted], 1)[0].Token.Batch], CancellationToken.None);
                    break;
                case 3:
                    await store.SumAsync(name, BackfillFixture.Step, CancellationToken.None);
                    break;
                default:
                    granted.AddRange(await _backfills.AcquireAsync(name, 3));
                    break;
            }

            await MatchesAsync(name);
        }

        while (await _backfills.AcquireAsync(name, 100) is { Count: > 0 } more)
        {
            await _backfills.CompleteAsync([.. more.Select(batch => BackfillFixture.Receipt(batch))]);
        }

        await _backfills.ExpireAsync(name);
        await _backfills.CompleteAsync([.. (await _backfills.AcquireAsync(name, 100)).Select(batch => BackfillFixture.Receipt(batch))]);
        Assert.Equal(300, (await MatchesAsync(name)).DoneBlocks);
    }

    [Fact]
    public async Task Two_reports_of_the_same_batches_at_once_count_once()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("twice", 50, 1));
        var granted = await _backfills.AcquireAsync("twice", 50);
        var receipts = granted.Select(batch => BackfillFixture.Receipt(batch, rows: 3)).ToArray();

        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => _backfills.CompleteAsync(receipts)));

        var progress = await MatchesAsync("twice");
        Assert.Equal(((long)granted.Count, 3L * granted.Count, (long)granted.Count), (progress.DoneBlocks, progress.Rows, progress.Batches));
    }

    [Fact]
    public async Task The_time_that_is_left_is_a_state_of_its_own()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("eta", 100, 10));
        Assert.Equal((EstimateState.Unknown, null), await EstimateAsync());

        await fixture.Database.ExecuteAsync(
            "update coordinator.backfill_total set block_rate = 5, row_rate = 50, summed_at = clock_timestamp() where migration = 'eta'");
        await _backfills.CompleteAsync(BackfillFixture.Receipt((await _backfills.AcquireAsync("eta", 1))[0]));
        Assert.Equal((EstimateState.Estimated, TimeSpan.FromSeconds(18)), await EstimateAsync());

        await fixture.Database.ExecuteAsync("update coordinator.backfill_pace set parallelism = 0 where migration = 'eta'");
        Assert.Equal((EstimateState.Throttled, null), await EstimateAsync());
        await _backfills.PauseAsync("eta");
        Assert.Equal((EstimateState.Paused, null), await EstimateAsync());

        // A rate that nobody has measured for a while is none.
        await fixture.Database.ExecuteAsync(
            """
            update coordinator.backfill set state = 0 where migration = 'eta';
            update coordinator.backfill_pace set parallelism = 2 where migration = 'eta';
            update coordinator.backfill_total set summed_at = clock_timestamp() - interval '1 minute' where migration = 'eta';
            """);
        Assert.Equal((EstimateState.Unknown, null), await EstimateAsync());
    }

    private async Task<(EstimateState State, TimeSpan? Left)> EstimateAsync()
    {
        var progress = await _backfills.ProgressAsync("eta");
        return (progress.Estimate, progress.Left);
    }

    private async Task<BackfillProgress> MatchesAsync(string migration)
    {
        var progress = await _backfills.ProgressAsync(migration);
        var done = await _backfills.Control.DoneBatchesAsync(migration, "main", BackfillFixture.Step, CancellationToken.None);
        Assert.Equal(
            (done.Sum(batch => batch.EndBlock - batch.FirstBlock), done.Sum(batch => batch.RowCount), (long)done.Count),
            (progress.DoneBlocks, progress.Rows, progress.Batches));
        Assert.Equal(
            await fixture.Database.ScalarAsync<long>(
                $"select coalesce(sum(takeovers), 0)::bigint from coordinator.backfill_batch where migration = '{migration}'"),
            progress.Takeovers);
        Assert.InRange(progress.DoneBlocks, 0, progress.TotalBlocks);
        return progress;
    }
}
