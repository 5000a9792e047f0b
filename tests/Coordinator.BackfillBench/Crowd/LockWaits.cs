namespace Coordinator.BackfillBench.Crowd;

/// <summary>The waits for locks that looks at <c>pg_locks</c> found; what is shorter than the gap between two may have been missed.</summary>
/// <param name="Looks">How often it was looked.</param>
/// <param name="Share">The part of the looks that found a waiting session.</param>
/// <param name="Most">The most sessions that waited at a time.</param>
/// <param name="Longest">The longest wait seen, up to the look.</param>
/// <param name="Where">The tables whose rows were locked where most waits were; empty without any.</param>
internal sealed record LockWaits(int Looks, double Share, int Most, TimeSpan Longest, string Where);
