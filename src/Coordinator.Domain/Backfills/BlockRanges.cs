namespace Coordinator.Domain.Backfills;

/// <summary>Cuts a table into batches by blocks: the ranges tile it, without gap or overlap, in order.</summary>
public static class BlockRanges
{
    /// <summary>PostgreSQL numbers blocks with 32 bits.</summary>
    public const long MaxBlocks = 1L << 32;

    public static IEnumerable<BlockRange> Tile(long blocks, int batchBlocks)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(blocks);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(blocks, MaxBlocks);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchBlocks, 1);
        return Cut(blocks, batchBlocks);
    }

    // Lazy: a large table has millions of batches.
    private static IEnumerable<BlockRange> Cut(long blocks, int batchBlocks)
    {
        for (var from = 0L; from < blocks; from += batchBlocks)
        {
            yield return new BlockRange(from, Math.Min(from + batchBlocks, blocks));
        }
    }
}
