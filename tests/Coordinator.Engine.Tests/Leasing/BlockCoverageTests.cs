using Coordinator.Domain.Backfills;
using Coordinator.Engine.Leasing;
using Xunit.Abstractions;

namespace Coordinator.Engine.Tests.Leasing;

/// <summary>
/// However many workers and replicas carve, crash and take over: every block of every shard belongs to exactly one batch, of each
/// sweep where there are sweeps, and no batch is held twice under one epoch.
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

    [Theory]
    [InlineData(1, 1)]
    [InlineData(15, 4)]
    [InlineData(16, 1)]
    [InlineData(17, 1)]
    [InlineData(33, 3)]
    public Task Edge_sizes_are_covered_in_each_sweep(long totalBlocks, long batchBlocks) =>
        CoverAsync($"edge-swept-{totalBlocks}-{batchBlocks}", [totalBlocks], batchBlocks, new Random(1), sweeps: true);

    /// <summary>Where numbers are largest.</summary>
    [Fact]
    public async Task The_last_turn_of_the_largest_table_that_is_swept_has_its_batches()
    {
        const long cell = 1024;
        const long blocks = (1L << 30) - cell;
        await _backfills.StartAsync(BackfillFixture.Pass("largest", blocks, cell, pass: 5) with { SweepCell = cell });
        await fixture.Database.ExecuteAsync(
            $"update coordinator.backfill_range set next_block = case when end_block = {blocks * 4} then end_block - {cell * 4} else end_block end where migration = 'largest'");

        var batches = await _backfills.AcquireAsync("largest", 10);

        Assert.Equal(
            Enumerable.Range(0, BlockSweeps.Count).Select(sweep => (blocks - (cell * ((4 * sweep) + 1)), blocks - (cell * 4 * sweep))).Order(),
            batches.Select(batch => (batch.FirstBlock, batch.EndBlock)).Order());
        Assert.All(batches, batch => Assert.Equal(5, batch.Token.Batch >> 32));
        Assert.Empty(await _backfills.AcquireAsync("largest", 10));
    }

    [Fact]
    public async Task Any_sizes_are_covered_in_each_sweep()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < 6; round++)
        {
            long[] shards = [.. Enumerable.Range(0, random.Next(1, 3)).Select(_ => (long)random.Next(0, 400))];
            await CoverAsync($"swept-{round}", shards, MostResized, random, resize: round % 2 == 0, sweeps: true);
        }
    }

    private async Task CoverAsync(
        string migration, long[] shards, long batchBlocks, Random random, bool resize = false, bool sweeps = false)
    {
        long[] cells = [.. shards.Select(blocks => sweeps ? BlockSweeps.CellOf(blocks, from: 1) : 0)];
        await _backfills.StartAsync(
            [.. shards.Select((blocks, n) => BackfillFixture.Pass(migration, blocks, batchBlocks, shard: $"s{n}") with { SweepCell = cells[n] })]);
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
            for (var sweep = 0; sweep < (sweeps ? BlockSweeps.Count : 1); sweep++)
            {
                var ending = $" {sweep}";
                var spans = granted.Where(batch => batch.Token.Shard == $"s{n}")
                    .Where(batch => !sweeps || batch.Statement.EndsWith(ending, StringComparison.Ordinal))
                    .Select(batch => (batch.FirstBlock, batch.EndBlock)).Distinct().Order().ToList();
                var next = 0L;
                foreach (var (first, end) in spans)
                {
                    Assert.Equal(next, first);
                    Assert.InRange(end - first, 1, sweeps ? Math.Min(batchBlocks, cells[n]) : batchBlocks);
                    next = end;
                }

                Assert.Equal(shards[n], next);
            }
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
