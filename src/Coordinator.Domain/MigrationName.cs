using System.Diagnostics.CodeAnalysis;

namespace Coordinator.Domain;

/// <summary>The name of a migration, unique in a Coordinator for ever. An RFC 1123 label.</summary>
public readonly record struct MigrationName
{
    private MigrationName(string value) => Value = value;

    public string Value { get; }

    public static bool TryParse([NotNullWhen(true)] string? text, out MigrationName name, out string why)
    {
        var valid = DnsLabel.IsValid(text, out why);
        name = valid ? new MigrationName(text!) : default;
        return valid;
    }

    public override string ToString() => Value;
}
