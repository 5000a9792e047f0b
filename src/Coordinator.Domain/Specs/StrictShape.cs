using System.Globalization;

namespace Coordinator.Domain.Specs;

/// <summary>The shape of strict mode: roles that PostgreSQL can hold, no two versions with the same one, and tables to close.</summary>
internal static class StrictShape
{
    private const string PatternRemedy = "Write a role's name with {version} in it once, such as \"shop_api_v{version}\".";

    public static void Validate(MigrationSpec spec, SpecReport report)
    {
        var seen = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (application, rule) in spec.Versions.OrderBy(static v => v.Key, StringComparer.Ordinal).Take(SpecValidator.MaxApplications))
        {
            if (rule.Roles is { } roles)
            {
                ValidateRoles(rule, roles, report.At("versions").At(application).At("roles"), seen);
            }
        }

        if (!spec.Versions.Values.Any(static rule => rule.IsStrict))
        {
            if (spec.Contract.FenceSoak is not null)
            {
                report.At("contract.fence_soak").Add(
                    "FENCE_MISSING", "There is no fence to soak behind: no application is in strict mode.", "Leave fence_soak out, or set mode: strict.");
            }

            return;
        }

        if (spec.Contract.FenceSoak is { } soak && (soak < TimeSpan.Zero || soak > SpecValidator.MaxSoak))
        {
            report.At("contract.fence_soak").Add(
                "SOAK_OUT_OF_RANGE", $"A soak of {soak} is not between 0 and {SpecValidator.MaxSoak.TotalDays} days.", "Choose a duration in that range.");
        }

        for (var i = 0; i < Math.Min(spec.Operations.Count, SpecValidator.MaxOperations); i++)
        {
            if (spec.Operations[i] is OperationSpec.RawSql { Table: null } raw && (raw.Contract is not null || raw.Backfill is null))
            {
                report.At("operations").AtIndex(i).At("raw_sql.table").Add(
                    "STRICT_TABLE_MISSING",
                    "In strict mode the fence takes the rights on a table from retired versions, and this operation names none.",
                    "Name the table that its contract changes.");
            }
        }
    }

    private static void ValidateRoles(VersionRule rule, VersionRoles roles, SpecReport at, Dictionary<string, string> seen)
    {
        if (roles.Pattern is { } pattern)
        {
            ValidatePattern(pattern, at);
            Claim(pattern, at, seen);
            return;
        }

        foreach (var (version, role) in (roles.Named ?? new Dictionary<long, string>()).OrderBy(static r => r.Key))
        {
            var place = at.At(version.ToString(CultureInfo.InvariantCulture));
            if (version < 1)
            {
                place.Add("VERSION_INVALID", "A schema version is at least 1.", "Name a role for each version that ran or will run.");
            }

            ValidateName(role, place);
            Claim(role, place, seen);
        }

        if (roles.Named is null || !roles.Named.Keys.Any(version => version < rule.FreeOfOldFrom))
        {
            at.Add(
                "STRICT_ROLE_MISSING",
                string.Create(CultureInfo.InvariantCulture, $"No role of a version below {rule.FreeOfOldFrom} is named, so there is nothing to close."),
                "Name the role of every version that still runs, as version: role.");
        }
    }

    private static void ValidatePattern(string pattern, SpecReport at)
    {
        var first = pattern.IndexOf(VersionRoles.Placeholder, StringComparison.Ordinal);
        if (first < 0 || pattern.IndexOf(VersionRoles.Placeholder, first + 1, StringComparison.Ordinal) >= 0)
        {
            at.Add("ROLE_PATTERN_INVALID", "The pattern does not have {version} in it exactly once.", PatternRemedy);
        }
        else if (pattern.Length == VersionRoles.Placeholder.Length)
        {
            at.Add("ROLE_PATTERN_INVALID", "The pattern is nothing but the version.", PatternRemedy);
        }
        else
        {
            // The longest version that there is.
            ValidateName(pattern.Replace(VersionRoles.Placeholder, "9223372036854775807", StringComparison.Ordinal), at);
        }
    }

    private static void ValidateName(string role, SpecReport at)
    {
        if (!SqlIdentifier.IsAcceptable(role, out var why))
        {
            at.Add("IDENTIFIER_INVALID", $"The role's name {why}.", "Give a name of 1 to 63 bytes, as the catalogue has it.");
        }
        else if (role.StartsWith("pg_", StringComparison.Ordinal))
        {
            at.Add("SYSTEM_ROLE", $"Role {role} is PostgreSQL's own.", "Name a role of the application.");
        }
    }

    private static void Claim(string role, SpecReport at, Dictionary<string, string> seen)
    {
        if (!seen.TryAdd(role, at.Place))
        {
            at.Add(
                "ROLE_TWICE",
                $"Role {role} is in {seen[role]} already: closing one version would close the other.",
                "Give every version of every application a role of its own.");
        }
    }
}
