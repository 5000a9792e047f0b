using System.Text;
using Coordinator.Domain.Specs;

namespace Coordinator.Engine.Specs;

/// <summary>
/// Reads a migration from YAML, strictly: what is unknown, missing, twice or of another kind is an error, and all errors are reported
/// at once, each with its line and column. The spec that comes out has passed <see cref="SpecValidator"/>.
/// </summary>
public static class YamlSpecReader
{
    private const string StandInName = "missing";

    public static SpecReadResult Read(string yaml)
    {
        ArgumentNullException.ThrowIfNull(yaml);
        var issues = new SpecIssues();
        if (Encoding.UTF8.GetByteCount(yaml) > SpecNodeParser.MaxBytes)
        {
            issues.Add(
                "",
                SpecMark.Start,
                "YAML_TOO_LARGE",
                $"The text is larger than {SpecNodeParser.MaxBytes / 1024} KiB.",
                "Split the migration, or move long SQL into functions.");
            return new SpecReadResult.Invalid(issues.Errors);
        }

        var root = new SpecNodeParser(yaml, issues).Read();
        if (root is null || ReadSpec(root, issues) is not { } spec)
        {
            return new SpecReadResult.Invalid(issues.Errors);
        }

        issues.AddFromDomain(SpecValidator.Validate(spec));
        return issues.Any ? new SpecReadResult.Invalid(issues.Errors) : new SpecReadResult.Spec(spec);
    }

    private static MigrationSpec? ReadSpec(SpecNode root, SpecIssues issues)
    {
        if (SpecMappingReader.Open(root, "", issues, "migration", "target", "versions", "contract", "backfill", "operations") is not { } reader)
        {
            return null;
        }

        return new MigrationSpec
        {
            Name = reader.RequiredText("migration", "Give the migration a name.", StandInName),
            Target = reader.RequiredText("target", "Name the target database.", StandInName),
            Versions = ReadVersions(reader, issues),
            Contract = reader.Node("contract") is { } contract ? ReadContract(contract, issues) : ContractRule.Default,
            Backfill = reader.Node("backfill") is { } backfill ? BackfillSettingsReader.Read(backfill, issues) : null,
            Operations = ReadOperations(reader, issues),
        };
    }

    private static Dictionary<string, VersionRule> ReadVersions(SpecMappingReader reader, SpecIssues issues)
    {
        const string Remedy = "Name every application that uses the target: shop-api: { uses_new_from: 42, free_of_old_from: 42 }.";
        if (reader.RequiredNode("versions", Remedy) is not { } node
            || SpecMappingReader.Open(node, "versions", issues) is not { } applications)
        {
            return new Dictionary<string, VersionRule>(StringComparer.Ordinal) { [StandInName] = new(1, 1) };
        }

        var versions = new Dictionary<string, VersionRule>(StringComparer.Ordinal);
        foreach (var entry in applications.Entries)
        {
            versions[entry.Key] = VersionRuleReader.Read(entry.Value, applications.PathOf(entry.Key), issues);
        }

        return versions;
    }

    private static ContractRule ReadContract(SpecNode node, SpecIssues issues)
    {
        if (SpecMappingReader.Open(node, "contract", issues, "soak", "approval", "fence_soak", "old_writes_quiet", "statements_quiet") is not { } reader)
        {
            return ContractRule.Default;
        }

        return new ContractRule(
            reader.OptionalDuration("soak") ?? TimeSpan.Zero,
            ReadApproval(reader),
            reader.OptionalDuration("fence_soak"),
            reader.OptionalDuration("old_writes_quiet"),
            reader.OptionalDuration("statements_quiet"));
    }

    private static bool ReadApproval(SpecMappingReader reader)
    {
        const string Remedy = "Write required or none.";
        var text = reader.OptionalText("approval", Remedy);
        if (text is not (null or "required" or "none"))
        {
            reader.Report(
                "approval",
                reader.Node("approval")!.Mark,
                "VALUE_UNKNOWN",
                $"approval can't be '{SpecNodeParser.Shorten(text)}'.",
                Remedy);
        }

        return text == "required";
    }

    private static List<OperationSpec> ReadOperations(SpecMappingReader reader, SpecIssues issues)
    {
        const string Remedy = "List what shall change: - rename_column: { table: review, from: comment, to: message }.";
        var node = reader.RequiredNode("operations", Remedy);
        if (node is SpecNode.Sequence list)
        {
            var operation = new OperationReader(issues);
            return [.. list.Items.Select((item, i) => operation.Read(item, $"operations[{i}]"))];
        }

        if (node is not null)
        {
            reader.Report("operations", node.Mark, "TYPE_WRONG", $"operations is {node.Kind}, not a list.", Remedy);
        }

        return [];
    }
}
