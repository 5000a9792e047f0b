namespace Coordinator.Domain.Backfills;

/// <summary>How many blocks make a batch of about so many rows.</summary>
public static class BatchSize
{
    public const int MaxBlocks = 1 << 20;

    /// <summary>
    /// From the table's size and its estimated rows. Without an estimate (never analysed: negative or 0) the answer is one block, the
    /// smallest batch: too many batches cost time, too large a one would make the application wait.
    /// </summary>
    public static int ForRows(int rowsPerBatch, long blocks, double estimatedRows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rowsPerBatch, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(blocks);
        if (blocks == 0 || !double.IsFinite(estimatedRows) || estimatedRows <= 0)
        {
            return 1;
        }

        var batchBlocks = Math.Floor(rowsPerBatch * (blocks / estimatedRows));
        return (int)Math.Clamp(batchBlocks, 1, MaxBlocks);
    }
}
