namespace Coordinator.Worker.Batches;

/// <summary>Whose fault an SQLSTATE is. It decides what happens to the batch.</summary>
public enum FailureKind
{
    /// <summary>
    /// None of those below (an internal error of PostgreSQL, say): the batch is tried again, and the backfill stops when it
    /// fails too often.
    /// </summary>
    Unknown,

    /// <summary>
    /// Locks, deadlocks, timeouts, connections, shutdown, resources: the same batch may pass a moment later. It is tried
    /// again, for as long as it takes.
    /// </summary>
    Transient,

    /// <summary>
    /// A row's own fault: a value that can't be converted, a constraint, a trigger that refuses it. The batch goes on
    /// around such rows, and they go into quarantine.
    /// </summary>
    Data,

    /// <summary>
    /// What the statement names does not exist, or may not be used by this role: no row can pass. The backfill stops.
    /// </summary>
    Configuration,

    /// <summary>So many rows of one batch are at fault that it is rather the statement: none was put into quarantine.</summary>
    TooManyBadRows,
}
