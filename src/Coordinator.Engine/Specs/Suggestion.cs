namespace Coordinator.Engine.Specs;

/// <summary>"Did you mean": the known word that is nearest to a mistyped one, if one is near enough.</summary>
internal static class Suggestion
{
    private const int MaxLength = 40;

    public static string? For(string word, IReadOnlyList<string> known)
    {
        if (word.Length is 0 or > MaxLength)
        {
            return null;
        }

        var normalized = word.Replace('-', '_').ToLowerInvariant();
        var best = known
            .Select(k => (Word: k, Distance: Distance(normalized, k)))
            .OrderBy(static c => c.Distance)
            .ThenBy(static c => c.Word, StringComparer.Ordinal)
            .FirstOrDefault();
        return best.Word is not null && best.Distance <= Math.Max(1, best.Word.Length / 3) ? best.Word : null;
    }

    // Levenshtein, one row at a time.
    private static int Distance(string left, string right)
    {
        var previous = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var current = new int[right.Length + 1];
            current[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var replace = previous[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
                current[j] = Math.Min(replace, Math.Min(previous[j], current[j - 1]) + 1);
            }

            previous = current;
        }

        return previous[right.Length];
    }
}
