namespace Coordinator.Postgres.Health;

/// <summary>What the witness saw. Where it can't see, an empty list proves nothing, and <see cref="WhyNot"/> says what is missing.</summary>
public sealed record WitnessReport(bool CanSee, string? WhyNot, IReadOnlyList<WitnessedSession> Sessions);
