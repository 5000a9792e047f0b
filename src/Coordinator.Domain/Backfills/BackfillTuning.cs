namespace Coordinator.Domain.Backfills;

/// <summary>What an operator may set for a backfill that runs.</summary>
public static class BackfillTuning
{
    /// <summary>Shorter batches than this spend their time on beginning and ending.</summary>
    public static readonly TimeSpan LeastWait = TimeSpan.FromMilliseconds(5);

    /// <summary>Longer ones run into the time limit of a statement.</summary>
    public static readonly TimeSpan MostWait = TimeSpan.FromSeconds(5);

    private const int LongestCheck = 4000;

    private static readonly TimeSpan MostPause = TimeSpan.FromMinutes(10);

    internal static Rejection? Defect(BackfillCommand.Tune tune) => tune switch
    {
        { BatchRows: < 1 } or { MaxParallel: < 1 } => Invalid(
            "Batch size and parallelism are at least 1.", "Pause the backfill to stop it."),
        { MaxWait: { } wait } when wait < LeastWait || wait > MostWait => Invalid(
            "The accepted wait is not between 5 ms and 5 s.", "100 ms suits most applications."),
        { PauseBetween: { } pause } when pause < TimeSpan.Zero || pause > MostPause => Invalid(
            "The pause between batches is negative or longer than 10 minutes.", "Pause the migration to stop it."),
        { QuietHours: { } hours } when Backfills.QuietHours.Parse(hours) is null => Invalid(
            "The quiet hours can't be read, or leave no time of the day.", "Write 22:00-06:00, several with commas, in UTC."),
        { Check: { } check } when check.Length > LongestCheck || check.Contains('\0', StringComparison.Ordinal) => Invalid(
            "The check is too long.", "Put it into a function of the target, and call that."),
        _ => null,
    };

    internal static BackfillEvent.Tuned Event(BackfillCommand.Tune tune) => new(tune.By, tune.BatchRows, tune.MaxParallel)
    {
        MaxWait = tune.MaxWait,
        PauseBetween = tune.PauseBetween,
        QuietHours = tune.QuietHours,
        Check = tune.Check,
        Reset = tune.Reset,
    };

    private static Rejection Invalid(string message, string remedy) =>
        new("BACKFILL_TUNING_INVALID", message, remedy, Kind: RejectionKind.InvalidArgument);
}
