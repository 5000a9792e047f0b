namespace Coordinator.Postgres.Quarantine;

/// <summary>How many rows are in quarantine.</summary>
/// <param name="Open">Rows that nobody waived: they keep the contract waiting.</param>
/// <param name="Waived">Rows that may stay as they are.</param>
/// <param name="Example">The open row that failed first; null when none is open.</param>
public sealed record QuarantineCount(long Open, long Waived, QuarantinedRow? Example)
{
    /// <summary>All of them.</summary>
    public long Total => Open + Waived;
}
