using System.Text.RegularExpressions;

namespace Coordinator.Postgres.Tests.Locks;

/// <summary>
/// No session of ours waits for an advisory lock inside a transaction: a concurrent index build waits for that
/// transaction's snapshot, and if it holds the lock the two deadlock. So the blocking functions occur nowhere.
/// </summary>
public sealed partial class NoBlockingAdvisoryLockTests
{
    private static readonly string[] Folders = ["src", "clients"];

    [Fact]
    public void Our_sql_only_ever_tries_advisory_locks()
    {
        var offenders = Sources().Where(path => Blocking().IsMatch(File.ReadAllText(path))).ToArray();

        Assert.Empty(offenders);
    }

    [Theory]
    [InlineData("select pg_advisory_lock(1)", true)]
    [InlineData("perform pg_catalog.pg_advisory_xact_lock (k)", true)]
    [InlineData("select PG_ADVISORY_XACT_LOCK_SHARED(1)", true)]
    [InlineData("select pg_try_advisory_lock(1)", false)]
    [InlineData("select pg_advisory_unlock(1)", false)]
    public void The_search_finds_what_it_should(string sql, bool blocking) => Assert.Equal(blocking, Blocking().IsMatch(sql));

    private static string[] Sources()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "Coordinator.sln")))
        {
            root = root.Parent ?? throw new InvalidOperationException("The repository's root was not found.");
        }

        var found = Folders
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(root.FullName, folder), "*", SearchOption.AllDirectories))
            .Where(path => Path.GetExtension(path) is ".cs" or ".sql")
            .ToArray();
        Assert.Contains(found, path => path.EndsWith("0001_base.sql", StringComparison.Ordinal));
        return found;
    }

    [GeneratedRegex(@"pg_advisory_(xact_)?lock(_shared)?\s*\(", RegexOptions.IgnoreCase)]
    private static partial Regex Blocking();
}
