using System.Globalization;
using Coordinator.Domain.Specs;

namespace Coordinator.Engine.Specs;

/// <summary>Reads what a specification says of one application: its versions, and in strict mode the role of each.</summary>
internal static class VersionRuleReader
{
    private const string RolesRemedy =
        "Write roles: \"shop_api_v{version}\", or a role per version: roles: { 41: shop_api_old, 42: shop_api_new }.";

    public static VersionRule Read(SpecNode node, string path, SpecIssues issues) =>
        SpecMappingReader.Open(node, path, issues, "uses_new_from", "free_of_old_from", "mode", "roles", "lapsed") is { } rule
            ? new VersionRule(
                rule.RequiredNumber("uses_new_from", "Give the first version that reads the new structure, a number.", 1),
                rule.RequiredNumber("free_of_old_from", "Give the first version that does not touch the old structure, a number.", long.MaxValue),
                ReadRoles(rule, issues),
                ReadLapsed(rule))
            : new VersionRule(1, 1);

    private static TimeSpan? ReadLapsed(SpecMappingReader rule)
    {
        const string Key = "lapsed";
        const string WitnessAfter = "witness_after ";
        const string Remedy = "Write block, or witness_after and a duration: lapsed: witness_after 15m.";
        var text = rule.OptionalText(Key, Remedy);
        if (text is null or "block")
        {
            return null;
        }

        if (text.StartsWith(WitnessAfter, StringComparison.Ordinal) && SpecDuration.Parse(text[WitnessAfter.Length..].Trim()) is { } after)
        {
            return after;
        }

        rule.Report(Key, rule.Node(Key)!.Mark, "VALUE_UNKNOWN", $"lapsed can't be '{SpecNodeParser.Shorten(text)}'.", Remedy);
        return null;
    }

    private static VersionRoles? ReadRoles(SpecMappingReader rule, SpecIssues issues)
    {
        const string ModeRemedy = "Write strict, with the roles, or cooperative.";
        var mode = rule.OptionalText("mode", ModeRemedy);
        if (mode is not (null or "strict" or "cooperative"))
        {
            rule.Report(
                "mode", rule.Node("mode")!.Mark, "VALUE_UNKNOWN", $"mode can't be '{SpecNodeParser.Shorten(mode)}'.", ModeRemedy);
            return null;
        }

        var node = rule.Node("roles");
        if (mode != "strict")
        {
            if (node is not null)
            {
                rule.Report("roles", node.Mark, "ROLES_WITHOUT_STRICT", "Roles are named, but the mode is not strict.", "Add mode: strict.");
            }

            return null;
        }

        return rule.RequiredNode("roles", RolesRemedy) is null ? null : node is SpecNode.Mapping
            ? ReadNamed(node, rule.PathOf("roles"), issues)
            : rule.OptionalText("roles", RolesRemedy) is { } pattern ? new VersionRoles(pattern) : null;
    }

    private static VersionRoles ReadNamed(SpecNode node, string path, SpecIssues issues)
    {
        var named = new Dictionary<long, string>();
        var reader = SpecMappingReader.Open(node, path, issues)!;
        foreach (var entry in reader.Entries)
        {
            var isVersion = long.TryParse(entry.Key, NumberStyles.None, CultureInfo.InvariantCulture, out var version);
            if (!isVersion)
            {
                reader.Report(
                    SpecNodeParser.Shorten(entry.Key),
                    entry.KeyMark,
                    "VERSION_INVALID",
                    $"'{SpecNodeParser.Shorten(entry.Key)}' is not a schema version.",
                    RolesRemedy);
            }

            var role = reader.OptionalText(entry.Key, RolesRemedy);
            if (isVersion && role is not null)
            {
                named[version] = role;
            }
        }

        return new VersionRoles(null, named);
    }
}
