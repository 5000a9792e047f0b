using Coordinator.Domain.Migrations;
using Coordinator.Domain.Plans;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Catalog;

namespace Coordinator.Engine.Readiness;

/// <summary>
/// What hangs on the columns that a contract drops and came after the plan was made (planning refuses what was there before): it
/// would make the contract fail, or go with the column unnoticed. Only what the catalogue records: not what function bodies or
/// programs name.
/// </summary>
internal static class ColumnDependents
{
    /// <summary>A view, function, policy or trigger, because of which PostgreSQL refuses to drop the column.</summary>
    public const string ObjectDepends = "OBJECT_DEPENDS_ON_COLUMN";

    /// <summary>An index that goes with the column and has no successor on the new one.</summary>
    public const string IndexDropped = "INDEX_WOULD_BE_DROPPED";

    /// <summary>A constraint that goes with the column.</summary>
    public const string ConstraintDropped = "CONSTRAINT_WOULD_BE_DROPPED";

    public static IReadOnlyList<string> Codes { get; } = [ObjectDepends, IndexDropped, ConstraintDropped];

    /// <summary>A blocker for each of them, on every shard.</summary>
    public static async Task<IReadOnlyList<Blocker>> BlockersAsync(
        MigrationPlan plan, IReadOnlyList<PlanStep.Contract> contracts, Target target, CancellationToken cancellationToken)
    {
        var blockers = new List<Blocker>();
        foreach (var sync in contracts.SelectMany(step => step.RemovesSync))
        {
            foreach (var shard in target.Shards)
            {
                if (await ReadAsync(shard, sync.Table, cancellationToken) is { } table)
                {
                    blockers.AddRange(Of(plan, sync, table, shard.Name));
                }
            }
        }

        return blockers;
    }

    private static IEnumerable<Blocker> Of(MigrationPlan plan, SyncDefinition sync, CatalogTable table, string shard)
    {
        var old = sync.OldColumn;
        if (table.Columns.FirstOrDefault(column => column.Name == old) is not { } dropped)
        {
            return [];
        }

        var column = $"column {old} of {sync.Table} on shard '{shard}'";
        var refusing = dropped.DependentObjects.Concat(table.Triggers
            .Where(trigger => !trigger.IsInternal && trigger.UpdateColumns.Contains(old, StringComparer.Ordinal))
            .Select(trigger => $"trigger {trigger.Name}"));
        return
        [
            .. refusing.Select(name => new Blocker(
                ObjectDepends,
                name,
                $"{name} uses {column}: PostgreSQL would refuse to drop it",
                $"drop it, or make it use column {sync.NewColumn}")),
            .. table.Indexes.Where(index => index.IsValid && !index.IsConstraint && !index.IsPrimary && Covers(index, old) && !IsCarried(plan, sync, index))
                .Select(index => new Blocker(
                    IndexDropped,
                    index.Name,
                    $"index {index.Name} covers {column} and would go with it",
                    $"build its successor on column {sync.NewColumn} and drop this one, or drop it if nothing needs it")),
            .. table.Constraints.Where(constraint => constraint.Type != 'n' && constraint.Columns.Contains(old, StringComparer.Ordinal))
                .Select(constraint => new Blocker(
                    ConstraintDropped,
                    constraint.Name,
                    $"constraint {constraint.Name} names {column} and would go with it: {constraint.Definition}",
                    $"add its successor on column {sync.NewColumn} and drop this one, or drop it if nothing needs it")),
        ];
    }

    private static bool Covers(CatalogIndex index, string column) =>
        index.Keys.Any(key => key.Name == column)
        || index.Included.Contains(column, StringComparer.Ordinal)
        || index.ExpressionColumns.Contains(column, StringComparer.Ordinal);

    // The plan builds its successor; whether it is there and valid, the contract itself checks.
    private static bool IsCarried(MigrationPlan plan, SyncDefinition sync, CatalogIndex index)
    {
        var successor = ObjectNames.CarriedIndex(sync.Table, index.Name, sync.NewColumn);
        return plan.Steps.OfType<PlanStep.CreateIndex>().Any(step => step.IndexName == successor);
    }

    private static async Task<CatalogTable?> ReadAsync(TargetShard shard, TableRef table, CancellationToken cancellationToken)
    {
        try
        {
            return await CatalogReader.ReadTableAsync(shard.DataSource, table.Schema, table.Name, cancellationToken);
        }
        catch (Exception exception) when (TargetUnavailableException.Means(exception))
        {
            throw new TargetUnavailableException(shard, exception);
        }
    }
}
