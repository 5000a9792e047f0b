using System.Text.Json.Serialization;

namespace Coordinator.Domain.Plans;

/// <summary>
/// One unit of work of a plan: all that a driver needs to run it, and to see whether it ran. A plan is stored in the event log and
/// may be finished by a newer Coordinator: kinds and properties are added, never changed.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = JsonDiscriminator.Name)]
[JsonDerivedType(typeof(Ddl), "ddl")]
[JsonDerivedType(typeof(InstallSync), "install_sync")]
[JsonDerivedType(typeof(InstallFill), "install_fill")]
[JsonDerivedType(typeof(CreateIndex), "create_index")]
[JsonDerivedType(typeof(ValidateConstraint), "validate_constraint")]
[JsonDerivedType(typeof(Backfill), "backfill")]
[JsonDerivedType(typeof(Verify), "verify")]
[JsonDerivedType(typeof(Gate), "gate")]
[JsonDerivedType(typeof(Contract), "contract")]
[JsonDerivedType(typeof(Uninstall), "uninstall")]
public abstract record PlanStep
{
    private PlanStep()
    {
    }

    /// <summary>Stable within the plan: a-z, 0-9 and '-', at most 40 characters.</summary>
    public required string Id { get; init; }

    public required Phase Phase { get; init; }

    /// <summary>One sentence fragment for people.</summary>
    public required string Description { get; init; }

    /// <summary>Statements of one transaction that touch the catalogue only.</summary>
    public sealed record Ddl : PlanStep
    {
        public TableRef? Table { get; init; }

        public required IReadOnlyList<string> Statements { get; init; }

        public IReadOnlyList<Check> Before { get; init; } = [];

        public IReadOnlyList<Check> After { get; init; } = [];

        /// <summary>An operator's own statement: run through a function in the target, where PostgreSQL refuses transaction control.</summary>
        public bool InFunction { get; init; }
    }

    /// <summary>Creates the two-way sync trigger of two columns.</summary>
    public sealed record InstallSync : PlanStep
    {
        public required SyncDefinition Sync { get; init; }
    }

    /// <summary>Creates the trigger that fills NULLs of a column.</summary>
    public sealed record InstallFill : PlanStep
    {
        public required FillDefinition Fill { get; init; }
    }

    /// <summary>Builds one index concurrently, outside a transaction.</summary>
    public sealed record CreateIndex : PlanStep
    {
        public required TableRef Table { get; init; }

        public required string IndexName { get; init; }

        public required string Statement { get; init; }
    }

    /// <summary>Validates one constraint: a step of its own, because it scans and its lock must not be a strong one.</summary>
    public sealed record ValidateConstraint : PlanStep
    {
        public required TableRef Table { get; init; }

        public required string Constraint { get; init; }

        public required string Statement { get; init; }
    }

    /// <summary>Fills existing rows in batches handed out to workers.</summary>
    public sealed record Backfill : PlanStep
    {
        public const int DefaultBatchRows = 2000;

        public required TableRef Table { get; init; }

        /// <summary>
        /// One UPDATE, or INSERT … SELECT, with the batch's bounds as parameters: of type tid, <c>ctid >= $1 and ctid &lt; $2</c>, or with a
        /// <see cref="Key"/> of type text[]. With a handler a text that is no SQL, so that nobody who does not know of handlers can take
        /// a batch for done.
        /// </summary>
        public required string Statement { get; init; }

        /// <summary>
        /// The columns of the unique key by whose values the rows are handed out, in the order of its index; null: by the table's blocks.
        /// </summary>
        public IReadOnlyList<KeyColumn>? Key { get; init; }

        /// <summary>The workers' own code that runs the batches in place of the statement; null when the statement does.</summary>
        public string? Handler { get; init; }

        /// <summary>Boolean SQL over the row, true where it is still wrong; null when the operation can't say.</summary>
        public string? Disagree { get; init; }

        /// <summary>The trigger that must be there and enabled for every batch.</summary>
        public string? TriggerName { get; init; }

        public int BatchRows { get; init; } = DefaultBatchRows;

        /// <summary>
        /// The table can be gone over in sweeps (<see cref="Backfills.BlockSweeps"/>): no index has the column that is set, so a row's new
        /// version may lie beside the old one, and the statement ends with <see cref="Disagree"/>, which leaves out what it has changed.
        /// </summary>
        public bool Sweepable { get; init; }

        /// <summary>
        /// The statement for a table that is gone over in sweeps by the rows' keys, where no trigger does what the sweep would do to a row
        /// that moves: <see cref="Statement"/> for the rows of one sweep, whose number is still to be filled in
        /// (<see cref="Backfills.BlockSweeps.Narrow"/>). Null: nothing is won by sweeps, or a row has no key.
        /// </summary>
        public string? SweptStatement { get; init; }

        /// <summary>An operator's own statement.</summary>
        public bool InFunction { get; init; }

        /// <summary>The table is partitioned: its partitions are filled one by one, those that come meanwhile too.</summary>
        public bool PerPartition { get; init; }

        /// <summary>
        /// The filling of one partition, with an id of its own. Only of a statement that is <c>update</c>, the table, and the rest.
        /// </summary>
        public Backfill ForPartition(TableRef partition)
        {
            ArgumentNullException.ThrowIfNull(partition);
            var head = $"update {Table.Sql} ";
            if (!PerPartition || !Statement.StartsWith(head, StringComparison.Ordinal))
            {
                throw new InvalidOperationException($"Step {Id} is not filled partition by partition.");
            }

            return this with
            {
                Id = $"{Id}-{ObjectNames.Partition(partition)}",
                Table = partition,
                Statement = $"update {partition.Sql} {Statement[head.Length..]}",
                PerPartition = false,
            };
        }
    }

    /// <summary>
    /// Proves that no row is wrong. Either <see cref="Disagree"/> (boolean SQL over the row) or <see cref="CountQuery"/>, a query that
    /// returns the number of wrong rows, with the bounds of a range as $1 and $2 where <see cref="CountsRange"/> says so: places in the
    /// table, or keys where <see cref="MarksOf"/> says whose.
    /// </summary>
    public sealed record Verify : PlanStep
    {
        public required TableRef Table { get; init; }

        public string? Disagree { get; init; }

        public string? CountQuery { get; init; }

        public bool CountsRange { get; init; }

        /// <summary>The backfill step by whose marks the key space is cut into ranges; null: ranges of blocks.</summary>
        public string? MarksOf { get; init; }

        /// <summary>The table is partitioned: its partitions are looked through one by one.</summary>
        public bool PerPartition { get; init; }
    }

    /// <summary>Waits until no instance of an old version is left and none can come back. Exactly one, if there is a contract step.</summary>
    public sealed record Gate : PlanStep;

    /// <summary>
    /// Removes what is old, in one transaction that touches the catalogue only: first the triggers, then the statements.
    /// </summary>
    public sealed record Contract : PlanStep
    {
        public TableRef? Table { get; init; }

        public IReadOnlyList<SyncDefinition> RemovesSync { get; init; } = [];

        public IReadOnlyList<FillDefinition> RemovesFill { get; init; } = [];

        public IReadOnlyList<string> Statements { get; init; } = [];

        public IReadOnlyList<Check> Before { get; init; } = [];

        public IReadOnlyList<Check> After { get; init; } = [];

        public bool InFunction { get; init; }

        /// <summary>
        /// One statement without effect that fails if writes to the table are broken. Run inside the transaction, behind the statements.
        /// </summary>
        public string? WriteProbe { get; init; }
    }

    /// <summary>The way back of an operation, in one transaction: first the triggers, then the statements.</summary>
    public sealed record Uninstall : PlanStep
    {
        /// <summary>
        /// The steps whose work this takes back. If none of them ever ran, nothing may be done: a column of that name is somebody else's.
        /// </summary>
        public IReadOnlyList<string> Undoes { get; init; } = [];

        public TableRef? Table { get; init; }

        public IReadOnlyList<SyncDefinition> RemovesSync { get; init; } = [];

        public IReadOnlyList<FillDefinition> RemovesFill { get; init; } = [];

        public IReadOnlyList<string> Statements { get; init; } = [];

        public IReadOnlyList<Check> After { get; init; } = [];

        public bool InFunction { get; init; }
    }
}
