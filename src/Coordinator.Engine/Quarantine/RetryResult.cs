namespace Coordinator.Engine.Quarantine;

/// <summary>What became of the rows that were tried again.</summary>
/// <param name="Repaired">Written, and out of quarantine.</param>
/// <param name="Gone">Not there any more, and out of quarantine.</param>
/// <param name="StillBad">Failed again, or could not be locked.</param>
/// <param name="Untried">Left for another call: one call tries a bounded number of rows.</param>
public sealed record RetryResult(long Repaired, long Gone, long StillBad, long Untried);
