using Coordinator.Testing;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>Breaks one of the protocol's functions on purpose, from its real text.</summary>
internal static class MutantFunctions
{
    /// <summary>Replaces fragments of the function; each has to be there, else the mutant would be the real thing.</summary>
    public static async Task ReplaceAsync(
        InstalledTarget target, string function, params (string Fragment, string Replacement)[] changes)
    {
        var text = await target.Database.ScalarAsync<string>(
            $"select pg_get_functiondef('coordinator.{function}'::regproc)");
        foreach (var (fragment, replacement) in changes)
        {
            Assert.Contains(fragment, text, StringComparison.Ordinal);
            text = text.Replace(fragment, replacement, StringComparison.Ordinal);
        }

        await target.ExecuteAsCoordinatorAsync(text);
    }
}
