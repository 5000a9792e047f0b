namespace Coordinator.Worker.Batches;

/// <summary>
/// The right to run one batch, as the coordinator granted it. (<see cref="Epoch"/>, <see cref="LeaseId"/>) is the fencing
/// token: the target's ledger lets the newest token commit and no other.
/// </summary>
public sealed record BatchGrant
{
    /// <summary>The migration's name.</summary>
    public required string Migration { get; init; }

    /// <summary>The shard of its target; for handlers, the ledger of a shard has no other.</summary>
    public string Shard { get; init; } = "";

    /// <summary>The backfill step within the migration.</summary>
    public required string Step { get; init; }

    /// <summary>The batch's number within the step.</summary>
    public required long Batch { get; init; }

    /// <summary>The first block of the range; with a key, the mark behind which it begins.</summary>
    public required long Lo { get; init; }

    /// <summary>The first block after the range; with a key, the mark up to which it goes.</summary>
    public required long Hi { get; init; }

    /// <summary>
    /// The statement to run: one UPDATE, or INSERT … SELECT, over <c>ctid &gt;= $1 and ctid &lt; $2</c>, or with a key over the rows
    /// between the keys $1 and $2. Not looked at by a handler.
    /// </summary>
    public required string Statement { get; init; }

    /// <summary>
    /// The table, quoted and qualified: rows of it that can't be changed go into quarantine. Null where the coordinator
    /// does not name it; then such a row fails its batch.
    /// </summary>
    public string? Table { get; init; }

    /// <summary>The columns of the key by which the batch goes, in the order of their index; none when it goes by blocks.</summary>
    public IReadOnlyList<KeyColumn> Key { get; init; } = [];

    /// <summary>Counts the grants of this batch, from 1.</summary>
    public required long Epoch { get; init; }

    /// <summary>Tells two grants of one epoch apart.</summary>
    public required Guid LeaseId { get; init; }

    /// <summary>The fence generation the batch was granted at.</summary>
    public required long Generation { get; init; }

    /// <summary>The target's system identifier.</summary>
    public required long SystemIdentifier { get; init; }

    /// <summary>The target's timeline, eight hexadecimal digits.</summary>
    public required string Timeline { get; init; }

    /// <summary>The table of the trigger that keeps rows in sync, quoted and qualified; null where there is none.</summary>
    public string? TriggerTable { get; init; }

    /// <summary>The trigger that has to be in place for every batch; null where there is none.</summary>
    public string? TriggerName { get; init; }

    /// <summary>How long the batch waits for one lock. Default: 1 second.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long one statement of the batch may run. Default: 30 seconds.</summary>
    public TimeSpan StatementTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
