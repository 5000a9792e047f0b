using System.Text;

namespace Coordinator.EventStore.Schema;

/// <summary>The schema of Marten's tables, in the forms that statements need. Never pasted unquoted.</summary>
internal sealed record SchemaName
{
    private const int MaxIdentifierBytes = 63;

    public SchemaName(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (Encoding.UTF8.GetByteCount(name) > MaxIdentifierBytes || name.AsSpan().ContainsAny('\0', '\\'))
        {
            // PostgreSQL would cut it, and two stores could meet in one schema.
            throw new ArgumentException(
                $"A schema's name has at most {MaxIdentifierBytes} bytes and neither a zero byte nor a backslash.", nameof(name));
        }

        Name = name;
        Quoted = $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        Literal = AsLiteral(name);
    }

    public string Name { get; }

    /// <summary>As an identifier.</summary>
    public string Quoted { get; }

    /// <summary>As a string literal.</summary>
    public string Literal { get; }

    /// <summary>An object in the schema, as a string literal for <c>nextval</c>, <c>regclass</c> and their like.</summary>
    public string Regclass(string name) => AsLiteral($"{Quoted}.{name}");

    public override string ToString() => Quoted;

    private static string AsLiteral(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
