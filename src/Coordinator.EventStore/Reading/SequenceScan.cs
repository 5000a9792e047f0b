namespace Coordinator.EventStore.Reading;

/// <summary>What one snapshot shows of the log above the mark.</summary>
/// <param name="Mark">The recorded mark.</param>
/// <param name="Highest">The highest number that is there; the mark when there is none above it.</param>
/// <param name="IsFull">Whether the scan stopped at its limit.</param>
/// <param name="Gaps">The runs of missing numbers between the mark and the highest, in order.</param>
/// <param name="OldestRunning">Every transaction id below it has ended.</param>
/// <param name="NextTransaction">No transaction had this id or a higher one yet.</param>
internal sealed record SequenceScan(
    long Mark, long Highest, bool IsFull, IReadOnlyList<SequenceGap> Gaps, ulong OldestRunning, ulong NextTransaction)
{
    /// <summary>The highest number without a missing one below it.</summary>
    public long Contiguous => Gaps.Count == 0 ? Highest : Gaps[0].Start - 1;
}
