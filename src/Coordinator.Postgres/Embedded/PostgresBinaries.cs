using System.Globalization;

namespace Coordinator.Postgres.Embedded;

/// <summary>Finds PostgreSQL's server programs, and the user they may run as.</summary>
internal sealed class PostgresBinaries
{
    private const string DirectoryVariable = "COORDINATOR_POSTGRES_BIN";

    private PostgresBinaries(string directory) => Directory = directory;

    public string Directory { get; }

    /// <summary>The user to drop to where we are root; null where we are not and nothing has to change.</summary>
    public static string? ServerUser { get; } = !Native.IsRoot ? null : HasUser("postgres") ? "postgres" : "nobody";

    public static PostgresBinaries Find()
    {
        var directory = Candidates().FirstOrDefault(candidate => File.Exists(Path.Combine(candidate, "initdb")));
        return directory is not null
            ? new PostgresBinaries(directory)
            : throw new EmbeddedPostgresException(
                "No PostgreSQL server programs (initdb, postgres) were found. Install PostgreSQL 14 or newer, " +
                $"on Debian and Ubuntu with 'apt-get install postgresql', or name their directory in {DirectoryVariable}.");
    }

    public string Tool(string name) => Path.Combine(Directory, name);

    private static IEnumerable<string> Candidates()
    {
        if (Environment.GetEnvironmentVariable(DirectoryVariable) is { Length: > 0 } named)
        {
            return [named];
        }

        const string DebianRoot = "/usr/lib/postgresql";
        var versions = System.IO.Directory.Exists(DebianRoot)
            ? System.IO.Directory.GetDirectories(DebianRoot).OrderByDescending(Major).Select(path => Path.Combine(path, "bin"))
            : [];
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return versions.Concat(path);
    }

    private static int Major(string path) =>
        int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : 0;

    private static bool HasUser(string name) =>
        File.ReadLines("/etc/passwd").Any(line => line.StartsWith(name + ":", StringComparison.Ordinal));
}
