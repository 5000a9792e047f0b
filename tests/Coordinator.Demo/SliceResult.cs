using Coordinator.Testing;

namespace Coordinator.Demo;

/// <summary>What one run of pgbench did: a failure is a failed transaction, an ERROR line, or a non-zero exit.</summary>
internal sealed record SliceResult(
    IReadOnlyList<PgbenchTransaction> Transactions, int Failed, int ExitCode, IReadOnlyList<string> Complaints)
{
    public bool IsClean => Failed == 0 && ExitCode == 0 && Complaints.Count == 0;
}
