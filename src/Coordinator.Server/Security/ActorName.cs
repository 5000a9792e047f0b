namespace Coordinator.Server.Security;

/// <summary>Who did something, as it is kept with every event.</summary>
internal static class ActorName
{
    public const int MaxLength = 200;

    public const string Shape = "1 to 200 printable ASCII characters";

    public static bool IsValid(string name) =>
        name.Length is > 0 and <= MaxLength && name.All(static c => c is >= ' ' and <= '~') && name.Trim().Length == name.Length;
}
