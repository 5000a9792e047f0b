using System.Text.RegularExpressions;

namespace Coordinator.Architecture.Tests;

/// <summary>What tests/README.md promises to be tested.</summary>
public partial class PromiseTests
{
    [Fact]
    public void Every_test_that_is_named_for_a_promise_exists()
    {
        var sources = Repository.Sources("tests").Select(source => source.Text).ToList();
        var named = TestName().Matches(File.ReadAllText(Path.Combine(Repository.Root, "tests", "README.md")));
        var missing = named
            .Where(name => !sources.Any(text =>
                text.Contains($"class {name.Groups["class"].Value}", StringComparison.Ordinal)
                && text.Contains($" {name.Groups["method"].Value}(", StringComparison.Ordinal)))
            .Select(name => name.Value);

        Assert.NotEmpty(named);
        Assert.Empty(missing);
    }

    [GeneratedRegex(@"`(?<class>[A-Z]\w*Tests)\.(?<method>\w+)`")]
    private static partial Regex TestName();
}
