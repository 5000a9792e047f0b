using System.Diagnostics.CodeAnalysis;

namespace Coordinator.Domain;

/// <summary>
/// One running process of an application, as it names itself (often a pod name): 1 to 200 printable ASCII characters
/// without spaces and without '/', which separates application and instance in texts.
/// </summary>
public readonly record struct InstanceId
{
    public const int MaxLength = 200;

    private InstanceId(string value) => Value = value;

    public string Value { get; }

    public static bool TryParse([NotNullWhen(true)] string? text, out InstanceId id, out string why)
    {
        why = text switch
        {
            null or "" => "is empty",
            { Length: > MaxLength } => $"is longer than {MaxLength} characters",
            _ when text.Any(static c => c is <= ' ' or > '~' or '/')
                => "may only contain printable ASCII characters without spaces and without '/'",
            _ => "",
        };
        id = why.Length == 0 ? new InstanceId(text!) : default;
        return why.Length == 0;
    }

    public override string ToString() => Value;
}
