namespace Coordinator.EventStore.Reading;

/// <summary>Missing numbers from <paramref name="Start"/> to <paramref name="End"/>, both included.</summary>
internal sealed record SequenceGap(long Start, long End);
