namespace Coordinator.Postgres.Catalog;

/// <summary>A table by its exact names, unquoted.</summary>
public sealed record TableName(string Schema, string Name)
{
    /// <summary>The quoted, qualified form for SQL text.</summary>
    public string Sql => $"{Identifier.Quote(Schema)}.{Identifier.Quote(Name)}";

    /// <inheritdoc/>
    public override string ToString() => $"{Schema}.{Name}";
}
