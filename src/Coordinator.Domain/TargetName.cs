using System.Diagnostics.CodeAnalysis;

namespace Coordinator.Domain;

/// <summary>The configured name of a target database (or of several shards of one). An RFC 1123 label.</summary>
public readonly record struct TargetName
{
    private TargetName(string value) => Value = value;

    public string Value { get; }

    public static bool TryParse([NotNullWhen(true)] string? text, out TargetName name, out string why)
    {
        var valid = DnsLabel.IsValid(text, out why);
        name = valid ? new TargetName(text!) : default;
        return valid;
    }

    public override string ToString() => Value;
}
