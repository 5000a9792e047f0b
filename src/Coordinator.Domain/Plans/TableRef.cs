using System.Text.Json.Serialization;

namespace Coordinator.Domain.Plans;

/// <summary>A table by schema and name, both unquoted.</summary>
public sealed record TableRef(string Schema, string Name)
{
    public const string DefaultSchema = "public";

    /// <summary>Quoted and qualified, for SQL text.</summary>
    [JsonIgnore]
    public string Sql => SqlIdentifier.QuoteQualified(Schema, Name);

    /// <summary>
    /// A table as a spec names it: with an explicit schema the text is the table's name as it is; else the text before the first dot,
    /// if there is one, is the schema.
    /// </summary>
    public static TableRef Parse(string table, string? schema)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (schema is not null)
        {
            return new TableRef(schema, table);
        }

        var dot = table.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? new TableRef(DefaultSchema, table) : new TableRef(table[..dot], table[(dot + 1)..]);
    }

    public override string ToString() => $"{Schema}.{Name}";
}
