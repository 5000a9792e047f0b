namespace Coordinator.Domain.Backfills;

/// <summary>What a look at the load led to, and why.</summary>
/// <param name="Move">What is done.</param>
/// <param name="State">What is in force from now on.</param>
/// <param name="Because">The signal that decided; null when none spoke against.</param>
public sealed record ThrottleDecision(ThrottleMove Move, ThrottleState State, LoadSignal? Because);
