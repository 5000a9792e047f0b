using System.Diagnostics.CodeAnalysis;

namespace Coordinator.Domain;

/// <summary>The name of a deployed program that uses a target. An RFC 1123 label.</summary>
public readonly record struct ApplicationName
{
    private ApplicationName(string value) => Value = value;

    public string Value { get; }

    public static bool TryParse([NotNullWhen(true)] string? text, out ApplicationName name, out string why)
    {
        var valid = DnsLabel.IsValid(text, out why);
        name = valid ? new ApplicationName(text!) : default;
        return valid;
    }

    public override string ToString() => Value;
}
