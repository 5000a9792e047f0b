namespace Coordinator.Postgres.Verification;

/// <summary>
/// Rows that are still wrong, and up to five of them by their place in the table (ctid), for a person to look at.
/// </summary>
public sealed record DisagreementReport(long Count, IReadOnlyList<string> Samples);
