using System.Text.Json.Serialization;

namespace Coordinator.Domain.Plans;

/// <summary>
/// A column of the key by which rows are handed out. <paramref name="Type"/> is the type of <c>pg_catalog</c> that a bound is read as,
/// without its length (<c>int4</c>, <c>text</c>).
/// </summary>
public sealed record KeyColumn(string Name, string Type)
{
    /// <summary>Quoted, for SQL text.</summary>
    [JsonIgnore]
    public string Sql => SqlIdentifier.Quote(Name);
}
