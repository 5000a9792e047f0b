using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Health;

namespace Coordinator.Engine.Fencing;

/// <summary>What strict mode needs in a target before it can hold: looked at for operators, and before a migration starts.</summary>
public sealed class StrictPreparation(TargetRegistry targets)
{
    /// <summary>What a check of every shard finds; nothing for a specification without strict mode. Changes nothing.</summary>
    public async Task<IReadOnlyList<(string Shard, TargetFinding Finding)>> CheckAsync(
        MigrationSpec spec, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var findings = new List<(string, TargetFinding)>();
        if (!StrictRoles.AreUsed(spec))
        {
            return findings;
        }

        foreach (var shard in targets.Get(spec.Target).Shards)
        {
            var roles = await StrictRoles.ReadAsync(shard, spec.Versions, cancellationToken);
            findings.AddRange(Missing(spec, roles).Select(finding => (shard.Name, finding)));
            try
            {
                var found = await StrictChecks.RunAsync(
                    shard.DataSource, roles, StrictRoles.Guarded(spec, rollback: false), cancellationToken);
                findings.AddRange(found.Select(finding => (shard.Name, finding)));
            }
            catch (Exception exception) when (TargetUnavailableException.Means(exception))
            {
                throw new TargetUnavailableException(shard, exception);
            }
        }

        return findings;
    }

    /// <summary>SQL for an administrator that sets strict mode up, one script per shard; none without strict mode.</summary>
    public async Task<IReadOnlyList<(string Shard, string Sql)>> ScriptsAsync(MigrationSpec spec, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var scripts = new List<(string, string)>();
        if (!StrictRoles.AreUsed(spec))
        {
            return scripts;
        }

        var tables = PlanCompiler.TablesOf(spec).Select(table => new TableName(table.Schema, table.Name)).ToList();
        foreach (var shard in targets.Get(spec.Target).Shards)
        {
            var roles = await StrictRoles.ReadAsync(shard, spec.Versions, cancellationToken);
            try
            {
                scripts.Add((shard.Name, await StrictSetup.ScriptAsync(
                    shard.DataSource, Wanted(spec.Versions, roles), tables, cancellationToken)));
            }
            catch (Exception exception) when (TargetUnavailableException.Means(exception))
            {
                throw new TargetUnavailableException(shard, exception);
            }
        }

        return scripts;
    }

    private static IEnumerable<TargetFinding> Missing(MigrationSpec spec, IReadOnlyList<StrictRole> roles)
    {
        var old = StrictRoles.ShutOut(spec.Versions, roles, rollback: false);
        foreach (var (application, rule) in spec.Versions.Where(entry => entry.Value.IsStrict).OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            if (rule.Roles!.Pattern is { } pattern && !old.Any(role => role.Application == application))
            {
                yield return NoRole($"No role fits '{pattern}' for a version of {application} below {rule.FreeOfOldFrom}");
            }

            foreach (var (version, role) in rule.Roles.Named ?? new Dictionary<long, string>())
            {
                if (!roles.Any(found => found.Role == role))
                {
                    yield return NoRole($"There is no role '{role}' for version {version} of {application}");
                }
            }
        }
    }

    private static TargetFinding NoRole(string what) => new(
        FindingSeverity.Error,
        "STRICT_ROLE_MISSING",
        $"{what}: what runs now connects with some other role, which closing this one would not stop.",
        "run the script of 'coordinator target check TARGET --spec FILE --sql' as an administrator, and deploy the running version with its own role");

    /// <summary>The roles that exist, those that are named, and by a pattern those of the two versions around the change.</summary>
    private static List<StrictRole> Wanted(IReadOnlyDictionary<string, VersionRule> versions, IReadOnlyList<StrictRole> existing)
    {
        var wanted = existing.ToHashSet();
        foreach (var (application, rule) in versions.Where(entry => entry.Value.IsStrict))
        {
            var named = rule.Roles!.Named?.Keys ?? (IEnumerable<long>)[Math.Max(1, rule.FreeOfOldFrom - 1), rule.FreeOfOldFrom];
            wanted.UnionWith(named.Select(version => new StrictRole(application, version, rule.Roles.RoleOf(version)!)));
        }

        return [.. wanted.OrderBy(role => role.Application, StringComparer.Ordinal).ThenBy(role => role.Version)];
    }
}
