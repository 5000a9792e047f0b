namespace Coordinator.Domain;

/// <summary>The shape shared by the names that people type: an RFC 1123 label, safe in stream keys, paths and metrics.</summary>
internal static class DnsLabel
{
    public const int MaxLength = 63;

    public static bool IsValid(string? value, out string why)
    {
        why = value switch
        {
            null or "" => "is empty",
            { Length: > MaxLength } => $"is longer than {MaxLength} characters",
            _ when value.Any(static c => c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '-'))
                => "may only contain lower-case letters a-z, digits and '-'",
            _ when value[0] == '-' || value[^1] == '-' => "may not begin or end with '-'",
            _ => "",
        };
        return why.Length == 0;
    }
}
