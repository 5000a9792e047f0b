namespace Coordinator.Worker.Batches;

/// <summary>
/// What became of a batch. <see cref="Committed"/> and <see cref="AlreadyDone"/> mean that its effect is in the target,
/// once; every other outcome means that this run has added nothing, as far as could be seen.
/// </summary>
public abstract record BatchOutcome
{
    private BatchOutcome()
    {
    }

    /// <summary>The system identifier of the server that this was learned from; null when none answered.</summary>
    public long? SystemIdentifier { get; init; }

    /// <summary>The timeline of the server that this was learned from; null when none answered.</summary>
    public string? Timeline { get; init; }

    /// <summary>This grant's transaction committed.</summary>
    /// <param name="Rows">The rows that the statement changed.</param>
    /// <param name="Xid">The transaction.</param>
    public sealed record Committed(long Rows, string Xid) : BatchOutcome
    {
        /// <summary>The rows that could not be changed and were put into quarantine instead. Default: 0.</summary>
        public long BadRows { get; init; }

        /// <summary>
        /// How long the transaction ran in the target before its commit, by the target's clock; null when the answer was lost.
        /// </summary>
        public TimeSpan? Elapsed { get; init; }
    }

    /// <summary>Another holder, or an earlier delivery of this grant, had finished the batch.</summary>
    /// <param name="Rows">The rows that it changed.</param>
    /// <param name="Xid">Its transaction.</param>
    /// <param name="Epoch">The epoch that it ran under.</param>
    public sealed record AlreadyDone(long Rows, string? Xid, long Epoch) : BatchOutcome;

    /// <summary>A newer holder has taken the batch over: drop the lease.</summary>
    /// <param name="Epoch">The epoch in the ledger; the coordinator grants above it. Null when it could not be read.</param>
    public sealed record Superseded(long? Epoch) : BatchOutcome;

    /// <summary>The migration was paused, aborted or planned anew since the grant: drop the lease.</summary>
    /// <param name="Message">What the target said.</param>
    public sealed record FenceMoved(string Message) : BatchOutcome;

    /// <summary>Another transaction runs the batch, or the fence is being raised: try again a little later.</summary>
    /// <param name="Message">What the target said.</param>
    public sealed record Busy(string Message) : BatchOutcome;

    /// <summary>The server is a standby, another cluster, or on another timeline: ask for a new grant.</summary>
    /// <param name="Message">What the target said.</param>
    public sealed record WrongTarget(string Message) : BatchOutcome;

    /// <summary>The trigger that keeps rows in sync is missing, disabled or replaced: the migration has to stop.</summary>
    /// <param name="Message">What the target said.</param>
    public sealed record SyncTriggerBroken(string Message) : BatchOutcome;

    /// <summary>
    /// The target contradicts the protocol: a ledger row is missing, has another range, or the statement left its
    /// transaction. The migration has to stop; the batch must not run again before a person has looked.
    /// </summary>
    /// <param name="SqlState">CO006, CO009, CO011 or CO012.</param>
    /// <param name="Message">What the target said.</param>
    public sealed record ProtocolBroken(string SqlState, string Message) : BatchOutcome;

    /// <summary>The target refused the statement or a guard's lock; the transaction was rolled back.</summary>
    /// <param name="SqlState">The SQLSTATE.</param>
    /// <param name="Message">The error's text.</param>
    /// <param name="Kind">Whose fault it is, and so what helps.</param>
    public sealed record Failed(string SqlState, string Message, FailureKind Kind) : BatchOutcome;

    /// <summary>The handler threw; the transaction was rolled back.</summary>
    /// <param name="Message">What it threw.</param>
    public sealed record HandlerFailed(string Message) : BatchOutcome;

    /// <summary>No connection to the target could be opened; nothing was sent.</summary>
    /// <param name="Message">The error's text.</param>
    public sealed record Unreachable(string Message) : BatchOutcome;

    /// <summary>
    /// The connection was lost and the ledger does not show the batch as done. It may yet commit, once, when the server
    /// still has the message to read. Running the same grant again, or granting the next epoch, is safe: the ledger decides.
    /// </summary>
    /// <param name="Message">How the connection was lost, and what the ledger said.</param>
    public sealed record Unsettled(string Message) : BatchOutcome;
}
