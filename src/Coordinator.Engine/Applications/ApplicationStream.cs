namespace Coordinator.Engine.Applications;

/// <summary>The key of an application's stream.</summary>
internal static class ApplicationStream
{
    private const string Prefix = "application-";

    public static string Key(string application) => Prefix + application;

    public static string NameIn(string key) => key[Prefix.Length..];
}
