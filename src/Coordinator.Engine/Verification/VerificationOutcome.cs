namespace Coordinator.Engine.Verification;

/// <summary>What a verification found that somebody asked for.</summary>
/// <param name="Differences">Rows that differ still.</param>
/// <param name="Examples">Some of them.</param>
/// <param name="Blocks">Table blocks that were read.</param>
/// <param name="Repaired">Rows that were brought in sync.</param>
/// <param name="InQuarantine">Rows in quarantine: they are known, so they were neither counted nor repaired.</param>
public sealed record VerificationOutcome(long Differences, IReadOnlyList<string> Examples, long Blocks, long Repaired, long InQuarantine);
