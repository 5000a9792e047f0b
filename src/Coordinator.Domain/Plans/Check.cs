using System.Text.Json.Serialization;

namespace Coordinator.Domain.Plans;

/// <summary>A fact about a target's catalogue that must hold before or after a step. Drift from it stops the migration.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = JsonDiscriminator.Name)]
[JsonDerivedType(typeof(ColumnExists), "column_exists")]
[JsonDerivedType(typeof(ColumnAbsent), "column_absent")]
[JsonDerivedType(typeof(ColumnNotNull), "column_not_null")]
[JsonDerivedType(typeof(ColumnNullable), "column_nullable")]
[JsonDerivedType(typeof(ColumnDefault), "column_default")]
[JsonDerivedType(typeof(ColumnComment), "column_comment")]
[JsonDerivedType(typeof(ColumnGrants), "column_grants")]
[JsonDerivedType(typeof(ConstraintExists), "constraint_exists")]
[JsonDerivedType(typeof(ConstraintValid), "constraint_valid")]
[JsonDerivedType(typeof(ConstraintAbsent), "constraint_absent")]
[JsonDerivedType(typeof(IndexValid), "index_valid")]
[JsonDerivedType(typeof(TriggerEnabled), "trigger_enabled")]
[JsonDerivedType(typeof(TriggerAbsent), "trigger_absent")]
public abstract record Check
{
    private Check(TableRef table) => Table = table;

    public TableRef Table { get; init; }

    /// <summary><paramref name="Type"/> as <c>format_type</c> writes it; null when any type will do.</summary>
    public sealed record ColumnExists(TableRef Table, string Column, string? Type) : Check(Table);

    public sealed record ColumnAbsent(TableRef Table, string Column) : Check(Table);

    public sealed record ColumnNotNull(TableRef Table, string Column) : Check(Table);

    public sealed record ColumnNullable(TableRef Table, string Column) : Check(Table);

    /// <summary><paramref name="Expression"/> as <c>pg_get_expr</c> writes it; null for "no default".</summary>
    public sealed record ColumnDefault(TableRef Table, string Column, string? Expression) : Check(Table);

    public sealed record ColumnComment(TableRef Table, string Column, string? Comment) : Check(Table);

    /// <summary>Column-level privileges in the form of <see cref="Catalog.ColumnInfo.Grants"/>, in any order.</summary>
    public sealed record ColumnGrants(TableRef Table, string Column, IReadOnlyList<string> Grants) : Check(Table);

    /// <summary>There, valid or not.</summary>
    public sealed record ConstraintExists(TableRef Table, string Constraint) : Check(Table);

    public sealed record ConstraintValid(TableRef Table, string Constraint) : Check(Table);

    public sealed record ConstraintAbsent(TableRef Table, string Constraint) : Check(Table);

    public sealed record IndexValid(TableRef Table, string Index) : Check(Table);

    public sealed record TriggerEnabled(TableRef Table, string Trigger) : Check(Table);

    public sealed record TriggerAbsent(TableRef Table, string Trigger) : Check(Table);
}
