namespace Coordinator.Postgres.Load;

/// <summary>How long one commit took in a target, or what keeps anybody from timing one there.</summary>
/// <param name="Milliseconds">How long, by the target's own clock and without the network; null when none could be timed.</param>
/// <param name="Problem">Why none could be timed, and what to do about it; null when one was.</param>
public sealed record CommitTime(double? Milliseconds, string? Problem);
