using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace Coordinator.Cli.Tests.EndToEnd;

/// <summary>
/// One file under <c>deploy/</c>, and what it has a deploy tool do: the <c>coordinator</c> commands in it, with the file's own
/// variables filled in, and the URLs.
/// </summary>
internal sealed partial class DeploySample
{
    private static readonly string Folder = Path.Combine(Root(), "deploy");

    private readonly string _text;
    private readonly Dictionary<string, string> _values;

    private DeploySample(string path, Dictionary<string, string> values)
    {
        File = Path.GetRelativePath(Folder, path);
        _text = System.IO.File.ReadAllText(path);
        Documents = path.EndsWith(".md", StringComparison.Ordinal) ? [] : Parse(_text);
        _values = values.Concat(Scalars(Documents)
                .Where(static scalar => scalar.Path.Count >= 2 && scalar.Path[^2] is "env" or "variables")
                .Select(static scalar => KeyValuePair.Create($"${scalar.Path[^1]}", scalar.Value)))
            .DistinctBy(static value => value.Key)
            .ToDictionary(StringComparer.Ordinal);
    }

    /// <summary>The path below <c>deploy/</c>.</summary>
    public string File { get; }

    /// <summary>The file's YAML documents; none of a README.</summary>
    public IReadOnlyList<YamlNode> Documents { get; }

    /// <summary>Every sample and README.</summary>
    public static IReadOnlyList<DeploySample> All()
    {
        // Values that a tool fills in: Helm's from its values file, the others as the samples' callers pass them.
        var values = Scalars(Parse(System.IO.File.ReadAllText(Path.Combine(Folder, "helm/values.yaml"))))
            .ToDictionary(static scalar => $"{{{{ .Values.{string.Join('.', scalar.Path)} }}}}", static scalar => scalar.Value);
        values["{{args.application}}"] = "shop-api";
        values["{{args.schema-version}}"] = "42";
        return
        [
            .. Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories)
                .Where(static file => Path.GetExtension(file) is ".yaml" or ".yml" or ".md")
                .Order(StringComparer.Ordinal)
                .Select(file => new DeploySample(file, values)),
        ];
    }

    /// <summary>A folder below <c>deploy/</c>.</summary>
    public static string FolderOf(string name) => Path.Combine(Folder, name);

    /// <summary>The words of each command, without <c>coordinator</c> itself.</summary>
    public IEnumerable<IReadOnlyList<string>> Commands() =>
    [
        .. Documents.SelectMany(static document => document.AllNodes).OfType<YamlMappingNode>().Select(Container).OfType<List<string>>(),
        .. Scalars(Documents)
            .Where(static scalar => scalar.Path.Any(static key => key is "run" or "script" or "before_script"))
            .SelectMany(static scalar => scalar.Value.Split('\n'))
            .Concat(File.EndsWith(".md", StringComparison.Ordinal) ? CodeLines() : [])
            .Select(static line => line.Trim())
            .Where(static line => line.StartsWith("coordinator ", StringComparison.Ordinal))
            .Select(line => Words(Fill(line)).Skip(1).ToList()),
    ];

    /// <summary>The path of each URL of ours.</summary>
    public IEnumerable<string> Questions() => Url().Matches(Fill(_text)).Select(static match => match.Groups["path"].Value);

    /// <summary>The fields of an answer that REST checks look at, written as Azure's criteria are.</summary>
    public IEnumerable<string> Fields() => Field().Matches(_text).Select(static match => match.Groups[1].Value);

    /// <summary>Every text of a YAML file with the keys that lead to it; places in lists don't count.</summary>
    public static IEnumerable<(IReadOnlyList<string> Path, string Value)> Scalars(IEnumerable<YamlNode> nodes) =>
        nodes.SelectMany(static node => Scalars(node, []));

    private static IEnumerable<(IReadOnlyList<string> Path, string Value)> Scalars(YamlNode node, IReadOnlyList<string> path) => node switch
    {
        YamlScalarNode scalar => [(path, scalar.Value ?? "")],
        YamlSequenceNode sequence => sequence.Children.SelectMany(child => Scalars(child, path)),
        YamlMappingNode mapping => mapping.Children.SelectMany(child => Scalars(child.Value, [.. path, Text(child.Key)])),
        _ => [],
    };

    private static List<YamlNode> Parse(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return [.. stream.Documents.Select(static document => document.RootNode)];
    }

    private static string Text(YamlNode node) => ((YamlScalarNode)node).Value ?? "";

    private static string Root([CallerFilePath] string here = "")
    {
        // A deterministic build maps the path away; then the test runs from below the tree.
        var folder = new DirectoryInfo(System.IO.File.Exists(here) ? Path.GetDirectoryName(here)! : AppContext.BaseDirectory);
        while (folder is not null && !System.IO.File.Exists(Path.Combine(folder.FullName, "Coordinator.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("Coordinator.sln was not found above the tests.");
    }

    /// <summary>A container of our image: its entry point is the command, its arguments are the words.</summary>
    private List<string>? Container(YamlMappingNode node) =>
        node.Children.TryGetValue("image", out var image) && image is YamlScalarNode
            && node.Children.TryGetValue("args", out var args) && args is YamlSequenceNode words
            && OurImage().IsMatch(Fill(Text(image)))
            ? [.. words.Select(word => Fill(Text(word)))]
            : null;

    /// <summary>The lines of code blocks and the texts of code spans.</summary>
    private IEnumerable<string> CodeLines() =>
        _text.Split('\n').Concat(CodeSpan().Matches(_text).Select(static match => match.Groups[1].Value));

    /// <summary>Fills in values; longest names first, so that one name may begin with another.</summary>
    private string Fill(string text) => _values
        .OrderByDescending(static value => value.Key.Length)
        .Aggregate(text, static (filled, value) => filled.Replace(value.Key, value.Value, StringComparison.Ordinal));

    /// <summary>As a shell splits a simple command; anything more is refused, so that nothing is left untried.</summary>
    private static IEnumerable<string> Words(string line) => NotSimple().IsMatch(line)
        ? throw new InvalidOperationException($"'{line}' is more than a simple command with values that the file gives.")
        : Word().Matches(line).Select(static match => match.Value.Trim('"'));

    [GeneratedRegex("(^|/)coordinator(:|$)")]
    private static partial Regex OurImage();

    [GeneratedRegex("`(coordinator [^`\n]*)`")]
    private static partial Regex CodeSpan();

    [GeneratedRegex("\"[^\"]*\"|[^\\s\"]+")]
    private static partial Regex Word();

    [GeneratedRegex("[$|&;<>()'{}\\\\]")]
    private static partial Regex NotSimple();

    [GeneratedRegex("root\\['(\\w+)'\\]")]
    private static partial Regex Field();

    [GeneratedRegex("https?://([^@/\\s]+@)?[a-z0-9.-]+(:[0-9]+)?(?<path>/v1/[^\\s\"'`]*)")]
    private static partial Regex Url();
}
