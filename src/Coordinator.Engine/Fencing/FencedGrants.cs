using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;

namespace Coordinator.Engine.Fencing;

/// <summary>
/// The checks of a contract as they are behind a fence: column privileges of a retired version's role, which the plan saw, are
/// gone by now, and that is no drift.
/// </summary>
internal static class FencedGrants
{
    public static IReadOnlyList<Check> Without(IReadOnlyList<Check> checks, IReadOnlyDictionary<string, VersionRule> versions) =>
        [.. checks.Select(check => check is Check.ColumnGrants grants
            ? grants with { Grants = [.. grants.Grants.Where(grant => !IsFenced(grant, versions))] }
            : check)];

    // PRIVILEGE|role, and |grantable behind it where it is.
    private static bool IsFenced(string grant, IReadOnlyDictionary<string, VersionRule> versions)
    {
        var parts = grant.Split('|');
        return parts.Length > 1 && StrictRoles.ShutOut(versions, StrictRoles.Of(versions, [parts[1]]), rollback: false).Count > 0;
    }
}
