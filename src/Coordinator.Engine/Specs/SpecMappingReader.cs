using System.Globalization;

namespace Coordinator.Engine.Specs;

/// <summary>
/// Reads one mapping key by key. What is missing or of another kind is reported, and a stand-in takes its place that the domain's
/// validation has nothing against, so that one reading shows all errors.
/// </summary>
internal sealed class SpecMappingReader
{
    private readonly SpecNode.Mapping _mapping;
    private readonly SpecIssues _issues;
    private readonly IReadOnlyList<string> _known;

    private SpecMappingReader(SpecNode.Mapping mapping, string path, SpecIssues issues, IReadOnlyList<string> known)
    {
        _mapping = mapping;
        Path = path;
        _issues = issues;
        _known = known;
    }

    public string Path { get; }

    public SpecMark Mark => _mapping.Mark;

    /// <summary>A reader of the node with exactly these keys; null (and reported) if it is no mapping. No keys given: any.</summary>
    public static SpecMappingReader? Open(SpecNode node, string path, SpecIssues issues, params IReadOnlyList<string> known)
    {
        if (node is not SpecNode.Mapping mapping)
        {
            var what = path.Length == 0 ? "The document" : path;
            issues.Add(
                path,
                node.Mark,
                "TYPE_WRONG",
                $"{what} is {node.Kind}, not a mapping.",
                known.Count == 0 ? "Write it as key: value." : $"Write it as a mapping with the keys {string.Join(", ", known)}.");
            return null;
        }

        var reader = new SpecMappingReader(mapping, path, issues, known);
        reader.ReportUnknown();
        return reader;
    }

    public IReadOnlyList<SpecEntry> Entries => _mapping.Entries;

    public string PathOf(string key) => SpecIssues.Join(Path, key);

    /// <summary>The value of a key; null if it is not there.</summary>
    public SpecNode? Node(string key) =>
        _mapping.Entries.FirstOrDefault(e => string.Equals(e.Key, key, StringComparison.Ordinal))?.Value;

    public SpecNode? RequiredNode(string key, string remedy)
    {
        var node = Node(key);
        if (node is null)
        {
            _issues.Add(PathOf(key), Mark, "KEY_MISSING", $"Key '{key}' is missing.", remedy);
        }

        return node;
    }

    public string RequiredText(string key, string remedy, string standIn) =>
        RequiredNode(key, remedy) is { } node ? Text(key, node, remedy) ?? standIn : standIn;

    public string? OptionalText(string key, string remedy) => Node(key) is { } node ? Text(key, node, remedy) : null;

    /// <summary>A list of texts; null if it is not there. What is no text in it is reported and left out.</summary>
    public IReadOnlyList<string>? OptionalTexts(string key, string remedy)
    {
        switch (Node(key))
        {
            case null:
                return null;
            case SpecNode.Sequence list:
                return [.. list.Items.Select(item => Text(key, item, remedy)).OfType<string>()];
            case var other:
                _issues.Add(PathOf(key), other.Mark, "TYPE_WRONG", $"{key} is {other.Kind}, not a list.", remedy);
                return null;
        }
    }

    public TimeSpan? OptionalDuration(string key)
    {
        const string Remedy = "Write a duration such as 24h, 90s, 500ms, 7d or 0.";
        if (OptionalText(key, Remedy) is not { } text)
        {
            return null;
        }

        if (SpecDuration.Parse(text) is { } duration)
        {
            return duration;
        }

        Report(key, Node(key)!.Mark, "DURATION_INVALID", $"'{SpecNodeParser.Shorten(text)}' is not a duration.", Remedy);
        return null;
    }

    public long RequiredNumber(string key, string remedy, long standIn)
    {
        if (RequiredNode(key, remedy) is not { } node)
        {
            return standIn;
        }

        if (node is SpecNode.Scalar { IsPlain: true } scalar
            && long.TryParse(scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        _issues.Add(PathOf(key), node.Mark, "TYPE_WRONG", $"{key} is not a whole number of at most 64 bits.", remedy);
        return standIn;
    }

    public void Report(string key, SpecMark mark, string code, string message, string remedy) =>
        _issues.Add(PathOf(key), mark, code, message, remedy);

    private string? Text(string key, SpecNode node, string remedy)
    {
        if (node is SpecNode.Scalar { IsNull: false } scalar)
        {
            return scalar.Value;
        }

        _issues.Add(PathOf(key), node.Mark, "TYPE_WRONG", $"{key} is {node.Kind}, not a text.", remedy);
        return null;
    }

    private void ReportUnknown()
    {
        if (_known.Count == 0)
        {
            return;
        }

        foreach (var entry in _mapping.Entries.Where(e => !_known.Contains(e.Key, StringComparer.Ordinal)))
        {
            var keys = $"Known keys here: {string.Join(", ", _known)}.";
            _issues.Add(
                PathOf(SpecNodeParser.Shorten(entry.Key)),
                entry.KeyMark,
                "KEY_UNKNOWN",
                $"Key '{SpecNodeParser.Shorten(entry.Key)}' is unknown here.",
                Suggestion.For(entry.Key, _known) is { } near ? $"Did you mean '{near}'? {keys}" : keys);
        }
    }
}
