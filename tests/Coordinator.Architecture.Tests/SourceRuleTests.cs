using System.Text.RegularExpressions;

namespace Coordinator.Architecture.Tests;

/// <summary>Rules that no analyzer in the SDK has. Each names the files that break it.</summary>
public partial class SourceRuleTests
{
    [Fact]
    public void Nothing_reads_the_wall_clock_but_through_TimeProvider() =>
        AssertNowhere(WallClock(), Repository.Sources("src", "clients"));

    [Fact]
    public void The_domain_has_no_clock_no_randomness_and_no_tasks() =>
        AssertNowhere(Impure(), Repository.Sources("src/Coordinator.Domain"));

    [Fact]
    public void Tests_wait_for_conditions_and_never_for_time() =>
        AssertNowhere(
            Sleep(),
            Repository.Sources("tests").Where(source => !Exempt(source.Path)));

    [Fact]
    public void No_session_of_ours_waits_for_an_advisory_lock() =>
        // A waiter inside a transaction deadlocks with a concurrent index build; locks are tried and polled.
        AssertNowhere(BlockingAdvisoryLock(), Sql().Where(source => !source.Path.StartsWith("tests/", StringComparison.Ordinal)));

    [Fact]
    public void No_file_is_longer_than_four_hundred_lines()
    {
        var long_ = Repository.Sources("src", "clients", "tests")
            .Where(source => source.Text.Count(character => character == '\n') > 400)
            .Select(source => source.Path);

        Assert.Empty(long_);
    }

    [Fact]
    public void No_async_void_and_no_sync_over_async() =>
        // BlockingUnaryCall is a blocking member of gRPC's own API; generated stubs have synchronous methods that call it.
        AssertNowhere(
            SyncOverAsync(),
            Repository.Sources("src", "clients")
                .Where(source => !source.Text.Contains("override TResponse BlockingUnaryCall<", StringComparison.Ordinal)));

    private static bool Exempt(string path) =>
        // The rule itself, the one bounded pause of Eventually, and programs that are no tests.
        path.EndsWith("SourceRuleTests.cs", StringComparison.Ordinal)
        || path.EndsWith("Coordinator.Testing/Eventually.cs", StringComparison.Ordinal)
        || path.StartsWith("tests/Coordinator.Demo/", StringComparison.Ordinal)
        || path.StartsWith("tests/Coordinator.Benchmarks/", StringComparison.Ordinal);

    private static IEnumerable<(string Path, string Text)> Sql() =>
        Repository.Sources("src", "clients").Concat(
            Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.sql", SearchOption.AllDirectories)
                .Select(file => (Path.GetRelativePath(Repository.Root, file), File.ReadAllText(file))));

    private static void AssertNowhere(Regex pattern, IEnumerable<(string Path, string Text)> sources)
    {
        var found = sources
            .SelectMany(source => source.Text.Split('\n').Select((line, index) => (source.Path, Line: index + 1, Text: line)))
            .Where(line => !line.Text.TrimStart().StartsWith("//", StringComparison.Ordinal)
                && !line.Text.TrimStart().StartsWith("--", StringComparison.Ordinal)
                && pattern.IsMatch(line.Text))
            .Select(line => $"{line.Path}:{line.Line}: {line.Text.Trim()}");

        Assert.Empty(found);
    }

    [GeneratedRegex(@"\bDateTime(Offset)?\.(Utc)?Now\b")]
    private static partial Regex WallClock();

    [GeneratedRegex(@"\b(TimeProvider|DateTime(Offset)?\.(Utc)?Now|Guid\.(NewGuid|CreateVersion7)|Random\b|async |ILogger)")]
    private static partial Regex Impure();

    [GeneratedRegex(@"\b(Thread\.Sleep|Task\.Delay)\s*\(")]
    private static partial Regex Sleep();

    [GeneratedRegex(@"\bpg_advisory_(xact_)?lock(_shared)?\s*\(")]
    private static partial Regex BlockingAdvisoryLock();

    [GeneratedRegex(@"\basync void\b|\.GetAwaiter\(\)\.GetResult\(\)|\.Wait\(\)")]
    private static partial Regex SyncOverAsync();
}
