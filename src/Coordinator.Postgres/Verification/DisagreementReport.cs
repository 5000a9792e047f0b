namespace Coordinator.Postgres.Verification;

/// <summary>
/// Rows that are still wrong, and up to five of them by key, or by their place (ctid) where the table has none, for a person to look at.
/// </summary>
public sealed record DisagreementReport(long Count, IReadOnlyList<string> Samples)
{
    /// <summary>Nothing is wrong.</summary>
    public static DisagreementReport None { get; } = new(0, []);
}
