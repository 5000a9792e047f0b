namespace Coordinator.Cli.Migrations;

/// <summary>Resource names as the service speaks them; people type and read only the last part.</summary>
internal static class ResourceName
{
    public static string Migration(string name) => WithPrefix("migrations/", name);

    public static string Application(string name) => WithPrefix("applications/", name);

    /// <summary>The last part: <c>applications/shop/instances/7f</c> is <c>7f</c>.</summary>
    public static string Last(string name) => name[(name.LastIndexOf('/') + 1)..];

    /// <summary>The part after the given collection; an instance's id may hold slashes of its own only at the end.</summary>
    public static string After(string collection, string name)
    {
        var at = name.IndexOf(collection, StringComparison.Ordinal);
        return at < 0 ? name : name[(at + collection.Length)..];
    }

    public static string ApplicationOf(string instanceName)
    {
        var rest = After("applications/", instanceName);
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? rest : rest[..slash];
    }

    private static string WithPrefix(string prefix, string name) =>
        name.StartsWith(prefix, StringComparison.Ordinal) ? name : prefix + name;
}
