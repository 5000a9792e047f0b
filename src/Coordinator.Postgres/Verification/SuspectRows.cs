namespace Coordinator.Postgres.Verification;

/// <summary>Rows of one block range that one look found wrong. Whether they are is for a second look to say.</summary>
/// <param name="Lo">The first block.</param>
/// <param name="Hi">The first block behind the range.</param>
/// <param name="Rows">The rows, as many as are remembered.</param>
/// <param name="TooMany">Whether there are more: then it is the whole range that is looked at again.</param>
public sealed record SuspectRows(long Lo, long Hi, IReadOnlyList<WrongRow> Rows, bool TooMany)
{
    /// <summary>Whether the look found nothing.</summary>
    public bool AreNone => Rows.Count == 0;
}
