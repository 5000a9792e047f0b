namespace Coordinator.Engine.Verification;

/// <summary>
/// Whether a step has to be verified again. What the answer rests on:
/// <para>
/// Where a trigger of the migration guards the table, every INSERT and UPDATE leaves its row in sync. A pass that found nothing
/// therefore stays true for as long as nobody can have written past the trigger, and whoever does (disables it, replaces its function,
/// rewrites the table, attaches a partition with rows in it, fails over to another timeline) leaves a trace in
/// <see cref="VerificationEvidence"/>, even when everything is put back afterwards. So while the evidence is the same, a scan of a large
/// table just before the contract would tell nothing new and would only make the deploy wait; the contract's transaction compares the
/// evidence once more, under the lock that keeps everybody from touching the trigger. A pass that takes a moment is repeated all the
/// same: it is the one check that does not rest on our reasoning. While the gate waits there is time for that, so there it is
/// repeated at an interval, whatever the evidence says.
/// </para>
/// <para>
/// Where nothing guards the table (an operator's own SQL, or a trigger that is broken) nothing speaks for the time since the pass:
/// it is repeated at the end of the wait, unless it has just ended, and once more before the contract, when no old version can write.
/// </para>
/// </summary>
internal static class VerificationRule
{
    /// <summary>A guarded pass that took longer than this is not repeated at the end of the wait.</summary>
    public static readonly TimeSpan Brief = TimeSpan.FromSeconds(2);

    private const int SoonerAfterDifferences = 10;

    /// <summary>While the gate waits for other things.</summary>
    public static bool IsDue(VerificationRow? row, DateTimeOffset now, VerificationEvidence evidence, EngineOptions options) =>
        AgeOf(row, now) is not { } age
        || !evidence.IsSameAs(row!.Evidence)
        || age >= (row.Found > 0 ? options.VerificationInterval / SoonerAfterDifferences : options.VerificationInterval);

    /// <summary>When everything else that the gate waits for is clear.</summary>
    public static bool IsDueAtTheEnd(VerificationRow? row, DateTimeOffset now, VerificationEvidence evidence, EngineOptions options) =>
        AgeOf(row, now) is not { } age || row!.Found > 0
            ? IsDue(row, now, evidence, options)
            : !evidence.IsSameAs(row.Evidence)
                || (age >= options.VerificationFreshness && (!IsGuarded(row, evidence) || row.Took <= Brief));

    /// <summary>Behind the gate, before the contract's transaction.</summary>
    public static bool IsDueBeforeContract(VerificationRow? row, DateTimeOffset now, VerificationEvidence evidence, EngineOptions options) =>
        row is null || row.Found is not 0 || !IsGuarded(row, evidence) || IsDueAtTheEnd(row, now, evidence, options);

    private static bool IsGuarded(VerificationRow row, VerificationEvidence evidence) => row.Guarded && evidence.Guarded;

    private static TimeSpan? AgeOf(VerificationRow? row, DateTimeOffset now) => now - row?.FinishedAt;
}
