using System.Text.Json.Serialization;

namespace Coordinator.Domain.Plans;

/// <summary>
/// Two columns of one table that a trigger keeps in sync, both ways. <see cref="Up"/> maps old to new and <see cref="Down"/> new to old;
/// in both, <c>{}</c> stands for the value, and <c>{}</c> alone is the identity.
/// </summary>
public sealed record SyncDefinition
{
    public const string Identity = "{}";

    public required TableRef Table { get; init; }

    public required string OldColumn { get; init; }

    public required string NewColumn { get; init; }

    public string Up { get; init; } = Identity;

    public string Down { get; init; } = Identity;

    /// <summary>
    /// Compare the text forms, byte by byte: for types without equality, and for those where equal is not the same
    /// (numeric 1.0 and 1.00, a case-insensitive collation), so that no write is taken for "unchanged".
    /// </summary>
    public bool CompareAsText { get; init; }

    /// <summary>Whether the new column has the old one's type.</summary>
    public bool SameType { get; init; }

    public required string TriggerName { get; init; }

    [JsonIgnore]
    public bool IsIdentity => Up == Identity && Down == Identity;

    public static SyncDefinition Create(TableRef table, string oldColumn, string newColumn, bool compareAsText) => new()
    {
        Table = table,
        OldColumn = oldColumn,
        NewColumn = newColumn,
        CompareAsText = compareAsText,
        TriggerName = ObjectNames.SyncTrigger(table, oldColumn, newColumn),
    };

    /// <summary>
    /// Boolean SQL, never NULL: whether the two sides agree. That is <c>new is not distinct from up(old)</c>, or new is there and
    /// <c>old is not distinct from down(new)</c>; the second arm lets a lossy pair rest instead of writing back for ever. ("is not null"
    /// would ask of a composite value that each of its fields be set.)
    /// </summary>
    public string AgreeSql(string oldExpression, string newExpression)
    {
        ArgumentNullException.ThrowIfNull(oldExpression);
        ArgumentNullException.ThrowIfNull(newExpression);
        var forward = $"{Comparand(newExpression)} is not distinct from {Comparand(Apply(Up, oldExpression))}";
        return IsIdentity
            ? $"({forward})"
            : $"({forward} or ({newExpression} is distinct from null and {Comparand(oldExpression)} is not distinct from {Comparand(Apply(Down, newExpression))}))";
    }

    /// <summary>The mapping applied to an expression.</summary>
    public static string Apply(string mapping, string expression)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        return mapping == Identity ? expression : mapping.Replace(Identity, expression, StringComparison.Ordinal);
    }

    // pg_catalog: a type named "text" or a collation named "C" in some schema of the search path must not be found instead.
    private string Comparand(string expression) =>
        CompareAsText ? $"({expression})::pg_catalog.text collate pg_catalog.\"C\"" : expression;
}
