using Coordinator.Domain.Backfills;
using FsCheck;
using FsCheck.Fluent;

namespace Coordinator.Domain.Tests.Backfills;

public class BlockRangesTests
{
    [Fact]
    public void Ranges_tile_the_table_without_gap_or_overlap() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll(Gen.Choose(0, 5000).ToArbitrary(), Gen.Choose(1, 700).ToArbitrary(), static (blocks, size) =>
        {
            var ranges = BlockRanges.Tile(blocks, size).ToList();
            return ranges.Sum(static r => r.Blocks) == blocks
                && ranges.All(r => r.Blocks > 0 && r.Blocks <= size)
                && (blocks == 0 ? ranges.Count == 0 : ranges[0].From == 0 && ranges[^1].To == blocks)
                && ranges.Zip(ranges.Skip(1)).All(static p => p.First.To == p.Second.From);
        }));

    [Fact]
    public void The_largest_table_is_cut_lazily_and_to_its_end()
    {
        Assert.Equal(new BlockRange(0, 1000), BlockRanges.Tile(BlockRanges.MaxBlocks, 1000).First());
        Assert.Equal(BlockRanges.MaxBlocks, BlockRanges.Tile(BlockRanges.MaxBlocks, int.MaxValue).Last().To);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(1, 0)]
    [InlineData((1L << 32) + 1, 1)]
    public void What_can_not_be_cut_is_refused(long blocks, int size) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => BlockRanges.Tile(blocks, size));

    [Theory]
    [InlineData(2000, 1000, 100_000, 20)]
    [InlineData(2000, 1000, 1_000_000, 2)]
    [InlineData(2000, 1000, 10_000_000, 1)]
    [InlineData(2000, 0, 0, 1)]
    [InlineData(2000, 1000, -1, 1)]
    [InlineData(2000, 1000, 0, 1)]
    [InlineData(2000, 1000, double.NaN, 1)]
    [InlineData(2000, 1000, double.PositiveInfinity, 1)]
    [InlineData(int.MaxValue, 1L << 32, 1, 8192)]
    public void A_batch_has_about_so_many_rows(int rows, long blocks, double estimatedRows, int expected) =>
        Assert.Equal(expected, BatchSize.ForRows(rows, blocks, estimatedRows));
}
