namespace Coordinator.EventStore.Reading;

/// <summary>
/// The moment when gaps were first seen. Every missing number below <paramref name="Below"/> was drawn earlier, by a
/// transaction that had ended or was running then; when those have ended and the number is still missing, it is burnt.
/// </summary>
/// <param name="Below">The highest number that was there.</param>
/// <param name="NextTransaction">Transactions with ids below it had ended or were running.</param>
/// <param name="Holders">
/// The transactions that held the sequence's lock. PostgreSQL keeps that lock from the first number drawn to the end of
/// the transaction, and it is the only trace of one that has drawn a number and has no transaction id yet: Marten's own
/// append can be such a one for a moment, ours takes its stream's row first.
/// </param>
internal sealed record GapSighting(long Below, ulong NextTransaction, IReadOnlySet<string> Holders)
{
    /// <summary>
    /// Whether all transactions of that moment have ended, judged by a later snapshot and the lock's holders just
    /// before it. A prepared transaction counts as one of them: preparing changes the name of a holder.
    /// </summary>
    public bool HasEnded(ulong oldestRunning, IEnumerable<string> holders) =>
        oldestRunning >= NextTransaction
        && !holders.Any(h => Holders.Contains(h) || h.StartsWith("-1/", StringComparison.Ordinal));
}
