using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Coordinator.Engine.Specs;

/// <summary>
/// From YAML text to nodes. Only the plain part of YAML: no anchors, aliases or tags, since a small text could unfold to a huge one or
/// name a type; one document; no key twice.
/// </summary>
internal sealed class SpecNodeParser(string yaml, SpecIssues issues)
{
    public const int MaxBytes = 1024 * 1024;

    public const int MaxDepth = 20;

    public const int MaxNodes = 10_000;

    private readonly Parser _parser = new(new StringReader(yaml.TrimStart('\ufeff')));
    private int _nodes;

    /// <summary>The document's root, or null when it could not be read.</summary>
    public SpecNode? Read()
    {
        // The scanner takes NUL for the end of the text, and what stands behind it would be read over in silence.
        if (yaml.Contains('\0', StringComparison.Ordinal))
        {
            ReportMalformed(SpecMark.Start, "it contains a NUL character");
            return null;
        }

        try
        {
            return ReadDocument();
        }
        catch (YamlException exception)
        {
            ReportMalformed(SpecMark.From(exception.Start), exception.Message);
            return null;
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException or FormatException or EndOfStreamException)
        {
            // YamlDotNet's scanner gives up on some malformed texts with an exception of another kind ("{:\u0085" for one).
            ReportMalformed(_parser.Current is { } current ? SpecMark.From(current.End) : SpecMark.Start, "it can't be read on from here");
            return null;
        }
    }

    private void ReportMalformed(SpecMark mark, string why) => issues.Add(
        "",
        mark,
        "YAML_MALFORMED",
        $"The text is not YAML: {why.TrimEnd('.')}.",
        "Correct the text there; check indentation, colons and quotes.");

    private SpecNode? ReadDocument()
    {
        _parser.Consume<StreamStart>();
        if (!_parser.Accept<DocumentStart>(out _))
        {
            issues.Add("", SpecMark.Start, "YAML_EMPTY", "The text holds nothing.", "Write a migration: migration, target, versions, operations.");
            return null;
        }

        _parser.Consume<DocumentStart>();
        var root = ReadNode("", 0);
        if (root is null)
        {
            return null;
        }

        _parser.Consume<DocumentEnd>();
        if (_parser.Accept<DocumentStart>(out var second))
        {
            issues.Add(
                "",
                SpecMark.From(second.Start),
                "YAML_SEVERAL_DOCUMENTS",
                "The text holds a second document.",
                "Write each migration into a text of its own.");
        }

        return root;
    }

    // Null: too deep or too much, and nothing after it was read.
    private SpecNode? ReadNode(string path, int depth)
    {
        var current = _parser.Current ?? throw new YamlException("The text ends too early");
        var mark = SpecMark.From(current.Start);
        issues.Remember(path, mark);
        if (depth > MaxDepth)
        {
            issues.Add(path, mark, "YAML_TOO_DEEP", $"More than {MaxDepth} levels are nested here.", "No part of a migration is that deep.");
            return null;
        }

        if (++_nodes > MaxNodes)
        {
            issues.Add(path, mark, "YAML_TOO_MANY_NODES", $"The text holds more than {MaxNodes} keys and values.", "Split the migration.");
            return null;
        }

        RefuseDecoration(path, mark, current);
        switch (current)
        {
            case Scalar scalar:
                _parser.MoveNext();
                return new SpecNode.Scalar(mark, scalar.Value, scalar.Style is ScalarStyle.Plain);
            case SequenceStart:
                return ReadSequence(path, mark, depth);
            case MappingStart:
                return ReadMapping(path, mark, depth);
            default:
                // An alias: refused above; what it stands for does not matter any more.
                _parser.MoveNext();
                return new SpecNode.Scalar(mark, "alias", false);
        }
    }

    private void RefuseDecoration(string path, SpecMark mark, ParsingEvent current)
    {
        if (current is AnchorAlias || current is NodeEvent { Anchor.IsEmpty: false })
        {
            issues.Add(path, mark, "YAML_ANCHOR", "Anchors and aliases are not allowed.", "Write the value out where it is needed.");
        }

        if (current is NodeEvent { Tag.IsEmpty: false })
        {
            issues.Add(path, mark, "YAML_TAG", "Tags are not allowed.", "Leave the tag out.");
        }
    }

    private SpecNode.Sequence? ReadSequence(string path, SpecMark mark, int depth)
    {
        _parser.MoveNext();
        var items = new List<SpecNode>();
        while (!_parser.Accept<SequenceEnd>(out _))
        {
            if (ReadNode($"{path}[{items.Count}]", depth + 1) is not { } item)
            {
                return null;
            }

            items.Add(item);
        }

        _parser.MoveNext();
        return new SpecNode.Sequence(mark, items);
    }

    private SpecNode.Mapping? ReadMapping(string path, SpecMark mark, int depth)
    {
        _parser.MoveNext();
        var entries = new List<SpecEntry>();
        var seen = new Dictionary<string, SpecMark>(StringComparer.Ordinal);
        while (!_parser.Accept<MappingEnd>(out _))
        {
            // Not under the mapping's path: a key is not a value, and must not take its place.
            if (ReadNode(SpecIssues.Join(path, "?"), depth + 1) is not { } key)
            {
                return null;
            }

            var text = (key as SpecNode.Scalar)?.Value;
            var name = SpecIssues.Join(path, text ?? "?");
            if (ReadNode(name, depth + 1) is not { } value)
            {
                return null;
            }

            if (text is null)
            {
                issues.Add(path, key.Mark, "YAML_KEY_NOT_TEXT", $"A key is {key.Kind}.", "Write keys as plain words.");
            }
            else if (!seen.TryAdd(text, key.Mark))
            {
                issues.Add(
                    name,
                    key.Mark,
                    "YAML_DUPLICATE_KEY",
                    $"Key '{Shorten(text)}' stands in line {seen[text].Line} already.",
                    "Keep one of the two.");
            }
            else
            {
                entries.Add(new SpecEntry(text, key.Mark, value));
            }
        }

        _parser.MoveNext();
        return new SpecNode.Mapping(mark, entries);
    }

    /// <summary>A text of the author's for a message: the beginning is enough.</summary>
    public static string Shorten(string text) => text.Length <= 60 ? text : $"{text[..60]}…";
}
