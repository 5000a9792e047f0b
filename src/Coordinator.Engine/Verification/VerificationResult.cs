namespace Coordinator.Engine.Verification;

/// <summary>What a pass over one verify step found that came to its end.</summary>
/// <param name="Differences">Rows that differ and are not in quarantine.</param>
/// <param name="Examples">Some of them, with shard and table.</param>
/// <param name="Blocks">Table blocks that were read.</param>
/// <param name="Took">How long that took, waits for the load included.</param>
/// <param name="Evidence">What tables and triggers were like, the same before it and after it.</param>
internal sealed record VerificationResult(
    long Differences, IReadOnlyList<string> Examples, long Blocks, TimeSpan Took, VerificationEvidence Evidence);
