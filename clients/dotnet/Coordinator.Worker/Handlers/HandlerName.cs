namespace Coordinator.Worker.Handlers;

/// <summary>The names that specifications use for handlers: lower-case letters, digits and '-', at most 63.</summary>
internal static class HandlerName
{
    private const int MaxLength = 63;

    public static bool IsValid(string name) =>
        name.Length is > 0 and <= MaxLength && name[0] != '-' && name[^1] != '-'
        && name.All(static c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-');
}
