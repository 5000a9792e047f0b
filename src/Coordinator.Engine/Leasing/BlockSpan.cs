namespace Coordinator.Engine.Leasing;

/// <summary>What is handed out, from <paramref name="First"/> to before <paramref name="End"/>: blocks, or visits to them.</summary>
internal readonly record struct BlockSpan(long First, long End)
{
    // Acquirers lock one or two ranges for the length of a commit; with a few ranges they rarely meet on one. A range that
    // is shorter than what a worker asks for would only make grants short.
    private const long MostRanges = 16;
    private const long FewestBatches = 8;

    /// <summary>
    /// Cuts a table of <paramref name="totalBlocks"/> into ranges that cover every block exactly once. Every boundary
    /// but the last is a multiple of <paramref name="batchBlocks"/>, so that no batch is short in the middle of a table.
    /// </summary>
    public static IReadOnlyList<BlockSpan> Split(long totalBlocks, long batchBlocks)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(totalBlocks);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(totalBlocks, uint.MaxValue);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchBlocks);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(batchBlocks, uint.MaxValue);
        var batches = DivideUp(totalBlocks, batchBlocks);
        var ranges = Math.Min(MostRanges, DivideUp(batches, FewestBatches));
        var spans = new List<BlockSpan>();
        for (long range = 0; range < ranges; range++)
        {
            var first = batches * range / ranges * batchBlocks;
            var end = range == ranges - 1 ? totalBlocks : batches * (range + 1) / ranges * batchBlocks;
            spans.Add(new BlockSpan(first, end));
        }

        return spans;
    }

    private static long DivideUp(long value, long divisor) => (value + divisor - 1) / divisor;
}
