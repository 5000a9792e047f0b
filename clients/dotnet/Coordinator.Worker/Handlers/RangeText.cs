using System.Text.RegularExpressions;

namespace Coordinator.Worker.Handlers;

/// <summary>Where a handler's SQL says <c>{range}</c>, or <c>{range alias}</c>.</summary>
internal static partial class RangeText
{
    /// <summary>The SQL with a condition in each such place; <paramref name="condition"/> is given the alias, null for none.</summary>
    public static string Replace(string sql, Func<string?, string> condition) =>
        Placeholder().Replace(sql, found => condition(found.Groups["alias"] is { Success: true } alias ? alias.Value : null));

    [GeneratedRegex("\\{range(\\s+(?<alias>\"([^\"]|\"\")+\"|[^\\s{}\"]+)\\s*)?\\}", RegexOptions.CultureInvariant)]
    private static partial Regex Placeholder();
}
