using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Plans;

/// <summary>A column that a fence keeps retired versions off; with <paramref name="Column"/> null, every column of the table.</summary>
public sealed record GuardedColumn(TableRef Table, string? Column)
{
    /// <summary>
    /// What the versions that the gate shuts out must not touch any more: the old structure, or for a rollback the new one.
    /// </summary>
    public static IReadOnlyList<GuardedColumn> Of(MigrationSpec spec, bool rollback)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return [.. spec.Operations.SelectMany(operation => Of(operation, rollback)).Distinct()];
    }

    private static IEnumerable<GuardedColumn> Of(OperationSpec operation, bool rollback) => operation switch
    {
        OperationSpec.RenameColumn rename => [new(rename.Target, rollback ? rename.To : rename.From)],
        OperationSpec.SetNotNull set => [new(set.Target, set.Column)],
        OperationSpec.RawSql raw => ((string?[])[raw.Table, raw.Backfill?.Table])
            .OfType<string>()
            .Select(table => new GuardedColumn(TableRef.Parse(table, null), null)),
        _ => [],
    };
}
