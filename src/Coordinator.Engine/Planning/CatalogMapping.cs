using Coordinator.Domain.Catalog;
using Coordinator.Postgres.Catalog;

namespace Coordinator.Engine.Planning;

/// <summary>
/// A table as the target side read it, in the domain's words. The two sides do not know each other, so every fact is
/// carried over by name.
/// </summary>
internal static class CatalogMapping
{
    public static TableInfo ToDomain(CatalogTable table) => new()
    {
        Schema = table.Schema,
        Name = table.Name,
        Columns = [.. table.Columns.Select(ToDomain)],
        Indexes = [.. table.Indexes.Select(ToDomain)],
        Constraints = [.. table.Constraints.Select(ToDomain)],
        Triggers = [.. table.Triggers.Select(ToDomain)],
        DependentViews = table.DependentViews,
        Policies = table.Policies,
        IsPartitioned = table.IsPartitioned,
        IsPartition = table.IsPartition,
        PartitionKey = table.PartitionKey,
        ForeignPartitions = table.ForeignPartitions,
        HasInheritance = table.HasInheritance,
        IsTemporary = table.IsTemporary,
        IsUnlogged = table.IsUnlogged,
        Kind = table.Kind,
        Publications = table.Publications,
        SizeBytes = table.SizeBytes,
        EstimatedRows = table.EstimatedRows,
    };

    private static ColumnInfo ToDomain(CatalogColumn column) => new()
    {
        Name = column.Name,
        Type = column.Type,
        Collation = column.Collation,
        NotNull = column.NotNull,
        Default = column.Default,
        IsGenerated = column.IsGenerated,
        IsIdentity = column.IsIdentity,
        HasEquality = column.HasEquality,
        Comment = column.Comment,
        Grants = column.Grants,
        DependentObjects = column.DependentObjects,
        OwnedSequence = column.OwnedSequence,
        StatisticsTarget = column.StatisticsTarget,
        Storage = column.Storage,
        Compression = column.Compression,
        Options = column.Options,
        IsInReplicaIdentity = column.IsInReplicaIdentity,
        PublicationColumnLists = column.PublicationColumnLists,
        IsConstrainedDomain = column.IsConstrainedDomain,
    };

    private static IndexInfo ToDomain(CatalogIndex index) => new()
    {
        Name = index.Name,
        Definition = index.Definition,
        IsUnique = index.IsUnique,
        IsPrimary = index.IsPrimary,
        IsConstraint = index.IsConstraint,
        IsValid = index.IsValid,
        IsExclusion = index.IsExclusion,
        HasExpressions = index.HasExpressions,
        HasPredicate = index.HasPredicate,
        Method = index.Method,
        Keys = [.. index.Keys.Select(key => new IndexColumnInfo(key.Name, key.Options))],
        Included = index.Included,
        NullsNotDistinct = index.NullsNotDistinct,
        StorageParameters = index.StorageParameters,
        Tablespace = index.Tablespace,
        IsReplicaIdentity = index.IsReplicaIdentity,
        OrderProblem = index.OrderProblem,
    };

    private static ConstraintInfo ToDomain(CatalogConstraint constraint) => new()
    {
        Name = constraint.Name,
        Type = constraint.Type,
        Definition = constraint.Definition,
        Columns = constraint.Columns,
        IsValid = constraint.IsValid,
        IsReferencedFromOther = constraint.IsReferencedFromOther,
    };

    private static TriggerInfo ToDomain(CatalogTrigger trigger) => new()
    {
        Name = trigger.Name,
        Definition = trigger.Definition,
        UpdateColumns = trigger.UpdateColumns,
        IsInternal = trigger.IsInternal,
    };
}
