using Coordinator.V1;

namespace Coordinator.Worker.Leases;

/// <summary>What one renewal asks for.</summary>
/// <param name="Tokens">All leases that can still be extended.</param>
/// <param name="Shortest">The shortest duration among them.</param>
internal sealed record RenewalRound(IReadOnlyList<LeaseToken> Tokens, TimeSpan Shortest);
