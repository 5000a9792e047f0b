namespace Coordinator.Engine.Leasing;

/// <summary>A worker's word that a batch did not commit.</summary>
/// <param name="Token">The grant that it gives back.</param>
/// <param name="Reason">A stable reason.</param>
/// <param name="SqlState">The SQLSTATE; empty where there is none.</param>
/// <param name="Message">The error's text.</param>
/// <param name="ObservedEpoch">The highest epoch seen in the target's ledger; 0 when none. The next grant is above it.</param>
public sealed record BatchRelease(LeaseToken Token, string Reason, string SqlState, string Message, long ObservedEpoch);
