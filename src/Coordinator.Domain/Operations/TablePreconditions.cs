using Coordinator.Domain.Catalog;
using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Operations;

/// <summary>What must hold of a table before any operation puts a trigger on it and fills it in batches.</summary>
internal static class TablePreconditions
{
    /// <summary>The table if it is there; what stands against it is reported.</summary>
    public static TableInfo? Find(TableRef reference, OperationContext context, SpecReport at)
    {
        var table = context.Catalog.Find(reference);
        if (table is null)
        {
            at.Add("TABLE_NOT_FOUND", $"There is no table {reference} in the target.", "Check the name, its schema, and upper and lower case.");
            return null;
        }

        ReportKind(table, at);
        if (table.IsPartition)
        {
            at.Add(
                "TABLE_IS_PARTITION",
                $"{reference} is a partition; its columns are those of the table that it belongs to.",
                "Name the partitioned table itself.");
        }

        if (table.ForeignPartitions.Count > 0)
        {
            at.Add(
                "PARTITION_FOREIGN",
                $"{string.Join(", ", table.ForeignPartitions)} of {reference} is a foreign table, which can't be filled in batches.",
                "Detach it first.");
        }

        if (table.HasInheritance)
        {
            at.Add("TABLE_INHERITS", $"{reference} inherits from a table, or is inherited.", "Take the table out of the inheritance first.");
        }

        if (table.IsTemporary)
        {
            at.Add("TABLE_TEMPORARY", $"{reference} is a temporary table.", "Name a table that other sessions see too.");
        }

        if (table.Triggers.FirstOrDefault(static t => t.Name.StartsWith(ObjectNames.TriggerPrefix, StringComparison.Ordinal)) is { } ours)
        {
            at.Add(
                "TABLE_IN_MIGRATION",
                $"{reference} has a trigger of Coordinator already ({ours.Name}).",
                "Finish or roll back the other migration of this table first.");
        }

        return table;
    }

    /// <summary>
    /// BEFORE triggers run in name order, and one that runs behind ours could change what ours has just brought in step.
    /// </summary>
    public static void ReportTriggerOrder(TableInfo table, string ours, SpecReport at)
    {
        foreach (var trigger in table.Triggers.Where(t => !t.IsInternal
            && string.CompareOrdinal(t.Name, ours) > 0
            && t.Definition.Contains(" BEFORE ", StringComparison.OrdinalIgnoreCase)
            && t.Definition.Contains("FOR EACH ROW", StringComparison.OrdinalIgnoreCase)))
        {
            at.Add(
                "TRIGGER_ORDER",
                $"Trigger {trigger.Name} of {table.Schema}.{table.Name} would run behind Coordinator's own ({ours}) and could undo its work.",
                "Rename that trigger so that its name sorts before zz_coordinator.");
        }
    }

    private static void ReportKind(TableInfo table, SpecReport at)
    {
        var what = table.Kind switch
        {
            "r" or "p" => null,
            "v" => "a view",
            "m" => "a materialized view",
            "f" => "a foreign table",
            "S" => "a sequence",
            "c" => "a composite type",
            "i" or "I" => "an index",
            _ => $"of kind '{table.Kind}'",
        };
        if (what is not null)
        {
            at.Add("NOT_A_TABLE", $"{table.Schema}.{table.Name} is {what}.", "Name an ordinary table.");
        }
    }
}
