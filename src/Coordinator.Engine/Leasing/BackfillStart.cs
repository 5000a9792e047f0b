using Coordinator.Domain.Backfills;
using Coordinator.Domain.Plans;
using Coordinator.Postgres.Ranges;

namespace Coordinator.Engine.Leasing;

/// <summary>One pass over one shard's table, as it is handed to the workers.</summary>
/// <param name="Migration">The migration.</param>
/// <param name="Shard">The shard of its target.</param>
/// <param name="Step">The backfill step.</param>
/// <param name="Target">The target's name.</param>
/// <param name="Statement">The statement of every batch.</param>
/// <param name="TriggerTable">The table whose sync trigger every batch checks; empty when there is none.</param>
/// <param name="TriggerName">That trigger's name.</param>
/// <param name="BatchBlocks">Table blocks per batch.</param>
/// <param name="TotalBlocks">The table's size in blocks, read after the sync trigger was committed.</param>
/// <param name="Pass">From 1; a pass that has to begin again has the next number.</param>
/// <param name="FileNode">The table's file node at the start of the pass: a rewritten table has another one.</param>
/// <param name="Generation">The fence generation that batches must find in the target.</param>
/// <param name="SystemIdentifier">The target's system identifier.</param>
/// <param name="Timeline">The target's timeline, 8 hexadecimal digits.</param>
/// <param name="Parallelism">
/// How many batches may run at once until the driver decides anew, which it has to do every few seconds; null for no limit and no driver.
/// </param>
public sealed record BackfillStart(
    string Migration,
    string Shard,
    string Step,
    string Target,
    string Statement,
    string TriggerTable,
    string TriggerName,
    long BatchBlocks,
    long TotalBlocks,
    int Pass,
    long FileNode,
    long Generation,
    long SystemIdentifier,
    string Timeline,
    int? Parallelism = null)
{
    /// <summary>How many keys a block stands for, about, where rows are handed out by key.</summary>
    public const long KeysPerBlock = KeyMarks.KeysPerMark;

    /// <summary>The workers' own code that runs the batches in place of the statement; empty when the statement does.</summary>
    public string Handler { get; init; } = "";

    /// <summary>The table, qualified and quoted; empty where it is not known, and then no row goes into quarantine.</summary>
    public string Table { get; init; } = "";

    /// <summary>
    /// The key by which rows are handed out: then a "block" is what lies between two marks of its key space. None: table blocks.
    /// </summary>
    public IReadOnlyList<KeyColumn> Key { get; init; } = [];

    /// <summary>See <see cref="BlockSweeps"/>; 0: the pass goes over the table once, and its statement is every batch's.</summary>
    public long SweepCell { get; init; }
}
