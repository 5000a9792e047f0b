using Coordinator.Domain.Catalog;
using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;
using Coordinator.Domain.Sql;

namespace Coordinator.Domain.Operations;

/// <summary>
/// What stands against renaming a column. A thing that hangs on the old column and that contract could not hand over is a refusal:
/// dropping the column would drop it, or fail, when it is too late to go back.
/// </summary>
internal static class RenameColumnPreconditions
{
    /// <summary>The old column, if it is there.</summary>
    public static ColumnInfo? Check(OperationSpec.RenameColumn spec, TableInfo table, OperationContext context)
    {
        if (table.Column(spec.To) is not null)
        {
            context.Report.At("to").Add(
                "COLUMN_EXISTS", $"{table.Schema}.{table.Name} has a column {spec.To} already.", "Choose another name, or drop that column first.");
        }

        var at = context.Report.At("from");
        var column = table.Column(spec.From);
        if (column is null)
        {
            at.Add(
                "COLUMN_NOT_FOUND",
                $"{table.Schema}.{table.Name} has no column {spec.From}.",
                $"Name one of its columns: {string.Join(", ", table.Columns.Take(20).Select(static c => c.Name))}.");
            return null;
        }

        ReportColumn(spec, table, column, at);
        ReportConstraints(spec, table, at);
        ReportIndexes(spec, table, context, at);
        ReportTriggers(spec, table, at);
        return column;
    }

    /// <summary>Whether the column is a key or an included column of the index.</summary>
    public static bool Covers(IndexInfo index, string column) =>
        index.Keys.Any(k => string.Equals(k.Name, column, StringComparison.Ordinal))
        || index.Included.Contains(column, StringComparer.Ordinal);

    public static IReadOnlyList<string> Warnings(OperationSpec.RenameColumn spec, TableInfo table)
    {
        var name = $"{table.Schema}.{table.Name}";
        List<string> warnings =
        [
            .. table.Triggers
                .Where(static t => !t.IsInternal)
                .Select(t => $"Trigger {t.Name} of {name} may use column {spec.From} in its function, where the catalogue does not show it. "
                    + "Make it free of the old name before contract."),
            .. table.Indexes
                .Where(i => !i.IsValid && Covers(i, spec.From))
                .Select(i => $"Index {i.Name} of {name} is not valid and is not carried over."),
        ];
        if (table.DependentViews.Count > 0)
        {
            warnings.Add($"{string.Join(", ", table.DependentViews)} read {name} and will not show column {spec.To}.");
        }

        if (table.Publications.Count > 0)
        {
            warnings.Add($"{name} is published ({string.Join(", ", table.Publications)}). "
                + $"Add column {spec.To} to the subscribers before expand, or their replication stops.");
        }

        return warnings;
    }

    private static void ReportColumn(OperationSpec.RenameColumn spec, TableInfo table, ColumnInfo column, SpecReport at)
    {
        foreach (var (applies, code, what, remedy) in new[]
        {
            (column.IsGenerated, "COLUMN_GENERATED", "is generated", "Add a generated column of the new name with raw_sql."),
            (column.IsIdentity, "COLUMN_IDENTITY", "is an identity column", "Keep its name; a second identity would number on its own."),
            (table.PartitionKey is { } key && SqlRules.Mentions(key, spec.From), "COLUMN_PARTITION_KEY",
                $"is part of what the table is partitioned by ({table.PartitionKey})", "A partition key keeps its name."),
            (column.OwnedSequence is not null, "COLUMN_OWNS_SEQUENCE", $"owns sequence {column.OwnedSequence}",
                "Detach the sequence first: alter sequence ... owned by none."),
            (column.IsConstrainedDomain, "COLUMN_DOMAIN", $"is of domain {column.Type}, which has constraints; adding a column of it rewrites the table",
                "Change the column to the domain's base type first."),
            (column.IsInReplicaIdentity, "COLUMN_REPLICA_IDENTITY", "belongs to the replica identity",
                "Choose another replica identity for the table first."),
            (column.PublicationColumnLists.Count > 0, "COLUMN_PUBLISHED",
                $"is in the column list of publication {string.Join(", ", column.PublicationColumnLists)}",
                "Publish the table without a column list first."),
            (column.DependentObjects.Count > 0, "COLUMN_HAS_DEPENDENTS", $"is used by {string.Join(", ", column.DependentObjects)}",
                "Drop or change what depends on the column first; it would block contract."),
        })
        {
            if (applies)
            {
                at.Add(code, $"Column {spec.From} of {table.Schema}.{table.Name} {what}.", remedy);
            }
        }

        if (column.Default is not null && !column.NotNull && spec.OnDefault is not InsertDefaultPolicy.Accept)
        {
            at.Add(
                "DEFAULT_NEEDS_CHOICE",
                $"Column {spec.From} has a default ({column.Default}) and may be NULL: an INSERT of the new version that gives {spec.To} "
                    + "as NULL can't be told from one that leaves it out, and would get the default.",
                "Say on_default: accept if that is all right; or make the column NOT NULL, or drop its default first.");
        }
    }

    private static void ReportConstraints(OperationSpec.RenameColumn spec, TableInfo table, SpecReport at)
    {
        foreach (var constraint in table.Constraints.Where(c => c.Columns.Contains(spec.From, StringComparer.Ordinal)))
        {
            if (constraint is { Type: 'n', IsValid: false })
            {
                at.Add(
                    "NOT_NULL_NOT_VALID",
                    $"NOT NULL constraint {constraint.Name} of column {spec.From} is not validated: rows may still be NULL.",
                    "Validate that constraint first.");
            }

            var what = constraint.Type switch
            {
                'p' => "primary key",
                'u' => "unique constraint",
                'f' => "foreign key",
                'c' => "check constraint",
                'x' => "exclusion constraint",
                'n' => null,
                _ => "constraint",
            };
            if (what is not null)
            {
                var referenced = constraint.IsReferencedFromOther ? ", which foreign keys elsewhere point at," : "";
                at.Add(
                    "COLUMN_HAS_CONSTRAINT",
                    $"Column {spec.From} is part of {what} {constraint.Name}{referenced} and this operation does not carry it over.",
                    "Rename with raw_sql, or drop the constraint first and add it again on the new column.");
            }
        }
    }

    private static void ReportIndexes(OperationSpec.RenameColumn spec, TableInfo table, OperationContext context, SpecReport at)
    {
        foreach (var index in table.Indexes)
        {
            var covers = Covers(index, spec.From);
            if ((index.HasExpressions || index.HasPredicate) && (covers || SqlRules.Mentions(AfterTable(index.Definition), spec.From)))
            {
                at.Add(
                    "INDEX_EXPRESSION",
                    $"Index {index.Name} has an expression or a WHERE clause and uses column {spec.From}.",
                    "Drop the index first and build it again on the new column after the migration.");
            }
            else if (covers && index.IsReplicaIdentity)
            {
                at.Add(
                    "COLUMN_REPLICA_IDENTITY",
                    $"Index {index.Name} over column {spec.From} is the table's replica identity.",
                    "Choose another replica identity for the table first.");
            }
            else if (covers && (index.IsConstraint || index.IsPrimary || index.IsExclusion))
            {
                ReportConstraintIndex(spec, table, index, at);
            }
            else if (covers && table.IsPartitioned)
            {
                at.Add(
                    "INDEX_PARTITIONED",
                    $"Index {index.Name} of a partitioned table is over column {spec.From}; PostgreSQL can't build its successor concurrently.",
                    "Drop the index first, and build it again partition by partition after the migration.");
            }
            else if (covers)
            {
                ReportSharedIndex(spec, index, context, at);
            }
        }
    }

    // A key column is reported with its constraint; an included one stands in no constraint's column list.
    private static void ReportConstraintIndex(OperationSpec.RenameColumn spec, TableInfo table, IndexInfo index, SpecReport at)
    {
        if (!table.Constraints.Any(c => string.Equals(c.Name, index.Name, StringComparison.Ordinal)
            && c.Columns.Contains(spec.From, StringComparer.Ordinal)))
        {
            at.Add(
                "COLUMN_HAS_CONSTRAINT",
                $"Column {spec.From} is in index {index.Name}, which a constraint owns.",
                "Drop the constraint first, or build it again without the column.");
        }
    }

    // Each of the two would build its copy with the other's old column in it, and lose it at the other's contract.
    private static void ReportSharedIndex(OperationSpec.RenameColumn spec, IndexInfo index, OperationContext context, SpecReport at)
    {
        foreach (var other in context.ReplacedByOthers.Where(o => o.Table == spec.Target && Covers(index, o.Column)))
        {
            at.Add(
                "INDEX_SHARED",
                $"Index {index.Name} is over {spec.From} and over {other.Column}, which this migration renames too.",
                "Rename the two columns in two migrations, one after the other.");
        }
    }

    private static void ReportTriggers(OperationSpec.RenameColumn spec, TableInfo table, SpecReport at)
    {
        foreach (var trigger in table.Triggers.Where(t => t.UpdateColumns.Contains(spec.From, StringComparer.Ordinal)))
        {
            at.Add(
                "TRIGGER_ON_COLUMN",
                $"Trigger {trigger.Name} fires on UPDATE OF {spec.From}.",
                "Replace it by a trigger without a column list that compares old and new values.");
        }

        TablePreconditions.ReportTriggerOrder(table, ObjectNames.SyncTrigger(spec.Target, spec.From, spec.To), at);
    }

    // "create index i on s.t using m (…": the names before USING are not columns.
    private static string AfterTable(string definition)
    {
        var at = definition.IndexOf(" USING ", StringComparison.OrdinalIgnoreCase);
        return at < 0 ? definition : definition[at..];
    }
}
