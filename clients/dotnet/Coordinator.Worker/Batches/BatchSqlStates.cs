namespace Coordinator.Worker.Batches;

/// <summary>The SQLSTATEs that the functions in schema coordinator raise.</summary>
internal static class BatchSqlStates
{
    public const string FenceBusy = "CO001";
    public const string FenceMoved = "CO002";
    public const string BatchBusy = "CO003";
    public const string BatchDone = "CO004";
    public const string LeaseSuperseded = "CO005";
    public const string TransactionEscaped = "CO006";
    public const string SyncTriggerBroken = "CO007";
    public const string WrongTarget = "CO008";
    public const string LedgerMissing = "CO009";
    public const string WrongIsolation = "CO011";
    public const string RangeDiffers = "CO012";
    public const string TooManyBadRows = "CO015";

    /// <summary>Of a row in quarantine that no error of the target is to blame for: a handler has said that it can't be filled.</summary>
    public const string BadRow = "CO017";
}
