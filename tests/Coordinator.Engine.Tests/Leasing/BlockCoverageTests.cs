using Coordinator.Engine.Leasing;
using Xunit.Abstractions;

namespace Coordinator.Engine.Tests.Leasing;

/// <summary>
/// However many workers and replicas carve, crash and take over: every block of every shard belongs to exactly one batch,
/// and no batch is held twice under one epoch.
/// </summary>
public sealed class BlockCoverageTests(CoordinationFixture fixture, ITestOutputHelper output) : IClassFixture<CoordinationFixture>
{
    private const int Workers = 6;

    private const int MostResized = 70;

    private readonly BackfillFixture _backfills = new(fixture);

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(1, 100)]
    [InlineData(16, 1)]
    [InlineData(17, 16)]
    [InlineData(160, 10)]
    [InlineData(161, 10)]
    [InlineData(uint.MaxValue, uint.MaxValue)]
    [InlineData(uint.MaxValue, 100_000_000)]
    public async Task Edge_sizes_are_covered(long totalBlocks, long batchBlocks) =>
        await CoverAsync($"edge-{totalBlocks}-{batchBlocks}", [totalBlocks], batchBlocks, new Random(1));

    [Fact]
    public async Task Any_sizes_are_covered()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < 8; round++)
        {
            long[] shards = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => (long)random.Next(0, 600))];
            await CoverAsync($"random-{round}", shards, random.Next(1, 40), random);
        }
    }

    /// <summary>As a controller does it, only without any reason: every cut has another size.</summary>
    [Fact]
    public async Task Any_sizes_are_covered_when_the_size_of_a_batch_changes_from_cut_to_cut()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < 4; round++)
        {
            long[] shards = [.. Enumerable.Range(0, random.Next(1, 3)).Select(_ => (long)random.Next(1, 1200))];
            await CoverAsync($"resized-{round}", shards, MostResized, random, resize: true);
        }
    }

    private async Task CoverAsync(string migration, long[] shards, long batchBlocks, Random random, bool resize = false)
    {
        await _backfills.StartAsync(
            [.. shards.Select((blocks, n) => BackfillFixture.Pass(migration, blocks, batchBlocks, shard: $"s{n}"))]);
        await using var second = new CoordinationDatabase(fixture.Database.ConnectionString);
        BatchLeasing[] replicas = [_backfills.Leasing, new BatchLeasing(second, fixture.Options)];
        var granted = new List<GrantedBatch>();
        while (!await _backfills.IsDoneAsync(migration))
        {
            var seeds = Enumerable.Range(0, Workers).Select(_ => random.Next()).ToList();
            var rounds = await Task.WhenAll(seeds.Select((seed, n) => WorkAsync(migration, $"w{n}", replicas[n % 2], new Random(seed), resize)));
            granted.AddRange(rounds.SelectMany(round => round));
            await _backfills.ExpireAsync(migration);
        }

        Assert.Equal(granted.Count, granted.DistinctBy(Key).Count());
        for (var n = 0; n < shards.Length; n++)
        {
            var spans = granted.Where(batch => batch.Token.Shard == $"s{n}")
                .Select(batch => (batch.FirstBlock, batch.EndBlock)).Distinct().Order().ToList();
            var next = 0L;
            foreach (var (first, end) in spans)
            {
                Assert.Equal(next, first);
                Assert.InRange(end - first, 1, batchBlocks);
                next = end;
            }

            Assert.Equal(shards[n], next);
        }

        var progress = await _backfills.ProgressAsync(migration);
        Assert.Equal((shards.Sum(), shards.Sum()), (progress.DoneBlocks, progress.TotalBlocks));
        Assert.Equal(granted.Count(batch => batch.Token.Epoch > 1), progress.Takeovers);
    }

    private static (string Shard, long Batch, long Epoch) Key(GrantedBatch batch) =>
        (batch.Token.Shard, batch.Token.Batch, batch.Token.Epoch);

    // Until it gets nothing or crashes with what it holds.
    private async Task<List<GrantedBatch>> WorkAsync(string migration, string worker, BatchLeasing replica, Random random, bool resize)
    {
        var all = new List<GrantedBatch>();
        while (true)
        {
            if (resize)
            {
                await fixture.Database.ExecuteAsync(
                    $"update coordinator.backfill_pace set batch_blocks = {random.Next(1, MostResized + 1)} where migration = '{migration}'");
            }

            var batches = await _backfills.AcquireAsync(migration, random.Next(1, 12), worker: worker, replica: replica);
            all.AddRange(batches);
            if (batches.Count == 0 || random.Next(8) == 0)
            {
                return all;
            }

            await replica.CompleteAsync(
                worker, [.. batches.Where(_ => random.Next(6) > 0).Select(batch => BackfillFixture.Receipt(batch))], CancellationToken.None);
        }
    }
}
