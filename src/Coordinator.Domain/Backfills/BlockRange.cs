namespace Coordinator.Domain.Backfills;

/// <summary>The blocks of a table from <paramref name="From"/> up to, not including, <paramref name="To"/>.</summary>
public readonly record struct BlockRange(long From, long To)
{
    public long Blocks => To - From;
}
