using System.Runtime.CompilerServices;

namespace Coordinator.Architecture.Tests;

/// <summary>The source tree that these tests read.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>Hand-written C# files below folders of the repository: path from the root, and text.</summary>
    public static IEnumerable<(string Path, string Text)> Sources(params string[] folders) =>
        folders
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories))
            .Select(file => Path.GetRelativePath(Root, file))
            .Where(path => !path.Split('/').Any(part => part is "obj" or "bin" or "artifacts"))
            .Order(StringComparer.Ordinal)
            .Select(path => (path, File.ReadAllText(Path.Combine(Root, path))));

    /// <summary>The projects of the repository, by name, with the projects that they reference.</summary>
    public static IReadOnlyDictionary<string, IReadOnlySet<string>> Projects { get; } =
        ((string[])["src", "clients", "tests"])
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.csproj", SearchOption.AllDirectories))
            .ToDictionary(
                path => Path.GetFileNameWithoutExtension(path),
                path => (IReadOnlySet<string>)System.Xml.Linq.XDocument.Load(path)
                    .Descendants("ProjectReference")
                    .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value))
                    .ToHashSet());

    private static string FindRoot([CallerFilePath] string here = "")
    {
        // A deterministic build maps the path away; then the test runs from below the tree.
        var start = File.Exists(here) ? Path.GetDirectoryName(here) : AppContext.BaseDirectory;
        var folder = new DirectoryInfo(start!);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Coordinator.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("Coordinator.sln was not found above the tests.");
    }
}
