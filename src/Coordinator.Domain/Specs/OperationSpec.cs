using System.Text.Json.Serialization;
using Coordinator.Domain.Plans;

namespace Coordinator.Domain.Specs;

/// <summary>One operation of a migration, as written. A table is <c>table</c> (in schema public) or <c>schema.table</c>.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = JsonDiscriminator.Name)]
[JsonDerivedType(typeof(RenameColumn), "rename_column")]
[JsonDerivedType(typeof(SetNotNull), "set_not_null")]
[JsonDerivedType(typeof(RawSql), "raw_sql")]
public abstract record OperationSpec
{
    private OperationSpec()
    {
    }

    public sealed record RenameColumn(string Table, string From, string To, string? Schema = null, InsertDefaultPolicy? OnDefault = null)
        : OperationSpec
    {
        [JsonIgnore]
        public TableRef Target => TableRef.Parse(Table, Schema);
    }

    /// <summary><paramref name="Fill"/> is an SQL expression over the row: what a NULL becomes.</summary>
    public sealed record SetNotNull(string Table, string Column, string Fill, string? Schema = null) : OperationSpec
    {
        [JsonIgnore]
        public TableRef Target => TableRef.Parse(Table, Schema);
    }

    /// <summary><paramref name="Table"/> is the table that the statements lock, so that its blockers can be looked at first.</summary>
    public sealed record RawSql(string? Expand, RawBackfill? Backfill, string? Contract, string? Rollback, string? Table = null)
        : OperationSpec;
}
