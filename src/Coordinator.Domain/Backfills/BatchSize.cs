namespace Coordinator.Domain.Backfills;

/// <summary>
/// How many blocks a batch has. What decides is the time that batches take in the target: somebody may wait behind each of them
/// for as long as it runs.
/// </summary>
public static class BatchSize
{
    /// <summary>The longest wait that a user accepts, where nobody said otherwise.</summary>
    public static readonly TimeSpan DefaultMaxWait = TimeSpan.FromMilliseconds(100);

    /// <summary>64 MiB of heap in blocks of PostgreSQL's usual 8 KiB: however fast it is, no batch makes more WAL at once.</summary>
    public const long MaxBlocks = 8192;

    private const double MostGrowth = 1.5;
    private const double Panic = 5;
    private const double QuietFactor = 5;

    private static readonly TimeSpan QuietAim = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// The first size, from the table's size and its estimated rows. Without an estimate (never analysed: negative or 0) the answer is
    /// one block, the smallest batch: too many batches cost time, too large a one would make the application wait.
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

    /// <summary>
    /// How long a batch should take: half of the longest accepted wait, since it is a mean, and beside an application that has the
    /// server's processors and disk too a batch takes twice as long now and then (measured: aimed at all of it, the longest transaction
    /// waited for one and a half times to three times as long as accepted). On a table that nobody else writes five times the accepted wait,
    /// but no more than half a second because of it.
    /// </summary>
    public static TimeSpan Aim(TimeSpan maxWait, bool quiet)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(maxWait, TimeSpan.Zero);
        if (!quiet)
        {
            return maxWait / 2;
        }

        var longer = maxWait * QuietFactor;
        longer = longer < QuietAim ? longer : QuietAim;
        return longer > maxWait ? longer : maxWait;
    }

    /// <summary>
    /// The next size: what the measured speed allows within the aim, at most half as much again as now. When a batch took five times
    /// the aim, a tenth of that batch or less. Without a measurement it stays as it is.
    /// </summary>
    /// <param name="current">The size now.</param>
    /// <param name="measured">What batches took since the last decision; null for nothing.</param>
    /// <param name="aim">How long a batch should take.</param>
    /// <param name="most">The largest size, from 1; never more than <see cref="MaxBlocks"/>.</param>
    /// <returns>From 1 to the largest size.</returns>
    public static long Next(long current, BatchTiming? measured, TimeSpan aim, long most)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(aim, TimeSpan.Zero);
        most = Math.Clamp(most, 1, MaxBlocks);
        current = Math.Clamp(current, 1, most);
        if (measured is null)
        {
            return current;
        }

        var next = measured.Blocks <= 0 ? current : Affordable(current, measured, aim);
        // Against the blocks of that very batch, so that the same late news cuts once, not at every look.
        return measured.Slowest >= aim * Panic
            ? Math.Clamp(Math.Min(Math.Min(next, current), measured.SlowestBlocks / 10), 1, most)
            : Math.Clamp(next, 1, most);
    }

    private static long Affordable(long current, BatchTiming measured, TimeSpan aim)
    {
        var grown = Math.Max(current + 1, (long)(current * MostGrowth));
        var perBlock = measured.Busy.TotalMilliseconds / measured.Blocks;
        return perBlock <= 0 ? grown : (long)Math.Min(aim.TotalMilliseconds / perBlock, grown);
    }
}
