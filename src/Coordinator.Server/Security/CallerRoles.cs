namespace Coordinator.Server.Security;

/// <summary>The roles as they are written in the configuration.</summary>
internal static class CallerRoles
{
    public static IReadOnlyList<string> Names { get; } = [.. Enum.GetValues<CallerRole>().Select(Name)];

    public static string Name(CallerRole role) => role switch
    {
        CallerRole.Instance => "instance",
        CallerRole.Worker => "worker",
        CallerRole.Deployer => "deployer",
        CallerRole.Operator => "operator",
        CallerRole.Admin => "admin",
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, "Not a role."),
    };

    /// <summary>The role of a configuration that was checked.</summary>
    public static CallerRole Parse(string text) => TryParse(text, out var role)
        ? role
        : throw new ArgumentException($"'{text}' is not a role.", nameof(text));

    public static bool TryParse(string text, out CallerRole role)
    {
        foreach (var candidate in Enum.GetValues<CallerRole>())
        {
            if (string.Equals(Name(candidate), text, StringComparison.OrdinalIgnoreCase))
            {
                role = candidate;
                return true;
            }
        }

        role = default;
        return false;
    }
}
