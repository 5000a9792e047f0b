using System.Globalization;
using Coordinator.Domain.Migrations;
using Coordinator.Engine.Driving;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Ddl;
using Coordinator.Postgres.Fences;
using Npgsql;

namespace Coordinator.Engine.Fencing;

/// <summary>
/// Strict mode in the target, on every shard: the roles of versions that are shut out lose login and rights, their sessions are
/// ended, older transactions waited out, and the postcondition looked at. What can't be done becomes a blocker that says what to do.
/// Repeating it changes nothing, so it is simply done again after a crash, and at every look.
/// </summary>
internal static class VersionFence
{
    private const int MostAttempts = 20;

    /// <summary>Raises the fence as far as it goes. Without blockers it stands, on every shard.</summary>
    public static async Task<WitnessVerdict> RaiseAsync(StepRun run, long generation, bool rollback, CancellationToken cancellationToken)
    {
        var versions = run.Plan.Spec.Versions;
        var guarded = StrictRoles.Guarded(run.Plan.Spec, rollback);
        var blockers = new List<Blocker>();
        var closed = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var shard in run.Target.Shards)
        {
            var roles = StrictRoles.ShutOut(versions, await StrictRoles.ReadAsync(shard, versions, cancellationToken), rollback)
                .Select(role => role.Role).ToList();
            closed.UnionWith(roles);
            try
            {
                blockers.AddRange(await RaiseOnAsync(shard, run.Migration, generation, roles, guarded, cancellationToken));
            }
            catch (Exception exception) when (TargetUnavailableException.Means(exception))
            {
                throw new TargetUnavailableException(shard, exception);
            }
        }

        return new WitnessVerdict(blockers, new Dictionary<string, string>
        {
            ["fenced_roles"] = string.Join(", ", closed),
            ["fenced_shards"] = run.Target.Shards.Count.ToString(CultureInfo.InvariantCulture),
        });
    }

    /// <summary>Gives the roles back what they lost, on every shard.</summary>
    public static async Task LiftAsync(Target target, string migration, long generation, CancellationToken cancellationToken)
    {
        foreach (var shard in target.Shards)
        {
            await OnAsync(shard, () => RoleFence.LiftAsync(shard.DataSource, migration, generation, cancellationToken), cancellationToken);
        }
    }

    /// <summary>The contract ran: the fences stay.</summary>
    public static async Task KeepAsync(Target target, string migration, CancellationToken cancellationToken)
    {
        foreach (var shard in target.Shards)
        {
            await OnAsync(shard, () => RoleFence.KeepAsync(shard.DataSource, migration, cancellationToken), cancellationToken);
        }
    }

    // Somebody who changes the same grants is soon done; whoever called waits for our answer.
    private static async Task OnAsync(TargetShard shard, Func<Task> order, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await order();
                return;
            }
            catch (PostgresException busy) when (FenceBlockers.IsBusy(busy) && attempt < MostAttempts)
            {
                await Task.Delay(Random.Shared.Next(10, 200), cancellationToken);
            }
            catch (Exception exception) when (TargetUnavailableException.Means(exception))
            {
                throw new TargetUnavailableException(shard, exception);
            }
        }
    }

    /// <summary>The postcondition once more, inside the transaction that drops what is guarded; none without strict mode.</summary>
    public static async Task<IReadOnlyList<DdlGuard>> GuardsAsync(
        StepRun run, TargetShard shard, bool rollback, CancellationToken cancellationToken)
    {
        var spec = run.Plan.Spec;
        if (!StrictRoles.AreUsed(spec))
        {
            return [];
        }

        var roles = StrictRoles.ShutOut(spec.Versions, await StrictRoles.ReadAsync(shard, spec.Versions, cancellationToken), rollback);
        return [RoleFence.Guard([.. roles.Select(role => role.Role)], StrictRoles.Guarded(spec, rollback))];
    }

    private static async Task<IReadOnlyList<Blocker>> RaiseOnAsync(
        TargetShard shard,
        string migration,
        long generation,
        IReadOnlyList<string> roles,
        IReadOnlyList<GuardedRelation> guarded,
        CancellationToken cancellationToken)
    {
        var blockers = new List<Blocker>();
        // A role that is closed already costs a look, not a transaction: there may be as many as there were versions.
        var fenced = (await RoleFence.FencedAsync(shard.DataSource, migration, cancellationToken)).ToHashSet(StringComparer.Ordinal);
        var able = (await RoleFence.PowersAsync(shard.DataSource, roles, guarded, cancellationToken)).Select(power => power.Role).ToHashSet();
        foreach (var role in roles.Where(role => !fenced.Contains(role) || able.Contains(role)))
        {
            try
            {
                await RoleFence.RaiseAsync(shard.DataSource, migration, generation, role, guarded, cancellationToken);
            }
            catch (PostgresException refused) when (FenceBlockers.ForRaise(shard.Name, role, refused) is { } blocker)
            {
                blockers.Add(blocker);
            }
        }

        if (blockers.Count > 0)
        {
            return blockers;
        }

        try
        {
            await RoleFence.EndSessionsAsync(shard.DataSource, migration, cancellationToken);
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            blockers.Add(FenceBlockers.CannotTerminate(shard.Name));
        }

        var powers = await RoleFence.PowersAsync(shard.DataSource, roles, guarded, cancellationToken);
        var remnants = await RoleFence.RemnantsAsync(shard.DataSource, migration, cancellationToken);
        return
        [
            .. blockers,
            .. powers.Select(power => FenceBlockers.ForPower(shard.Name, power)).DistinctBy(blocker => (blocker.Code, blocker.Subject, blocker.Message)),
            .. remnants.Select(remnant => FenceBlockers.ForRemnant(shard.Name, remnant)),
        ];
    }
}
