using Coordinator.Domain;
using Coordinator.Domain.Plans;
using Coordinator.Engine.Fencing;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Health;
using Coordinator.Postgres.Schema;

namespace Coordinator.Engine.Migrations;

/// <summary>Makes a target fit to be migrated: checks it, installs schema <c>coordinator</c>, sets up the migration's fence.</summary>
public sealed class TargetPreparation(TargetRegistry targets, CoordinatorIdentity identity)
{
    private readonly MigrationFence _fence = new(targets);
    private readonly StrictPreparation _strict = new(targets);

    /// <summary>What a check of every shard finds; changes nothing.</summary>
    public async Task<IReadOnlyList<(string Shard, TargetFinding Finding)>> CheckAsync(
        string target, IReadOnlyList<TableRef> tables, CancellationToken cancellationToken)
    {
        var configured = targets.Get(target);
        var findings = new List<(string, TargetFinding)>();
        foreach (var shard in configured.Shards)
        {
            try
            {
                var found = await TargetCheck.RunAsync(
                    shard.DataSource,
                    new TargetCheckOptions
                    {
                        Tables = [.. tables.Select(table => new TableName(table.Schema, table.Name))],
                        WorkerRoles = configured.WorkerRoles,
                    },
                    cancellationToken);
                findings.AddRange(found.Select(finding => (shard.Name, finding)));
            }
            catch (Exception exception) when (TargetUnavailableException.Means(exception))
            {
                throw new TargetUnavailableException(shard, exception);
            }
        }

        return findings;
    }

    /// <summary>Checks, installs and sets up; repeating it changes nothing.</summary>
    /// <exception cref="EngineException">TARGET_NOT_READY, with everything that is wrong.</exception>
    public async Task PrepareAsync(string migration, MigrationPlan plan, CancellationToken cancellationToken)
    {
        var findings = await CheckAsync(plan.Spec.Target, TablesOf(plan), cancellationToken);
        var errors = findings.Concat(await _strict.CheckAsync(plan.Spec, cancellationToken)).Where(found => found.Finding.Severity == FindingSeverity.Error).ToList();
        if (errors.Count > 0)
        {
            throw new EngineException(new Rejection(
                "TARGET_NOT_READY",
                $"Target '{plan.Spec.Target}' is not ready: {string.Join("; ", errors.Select(error => $"{error.Shard}: {error.Finding.Message}"))}.",
                string.Join(" ", errors.Select(error => error.Finding.Remedy).Distinct()),
                new Dictionary<string, string> { ["target"] = plan.Spec.Target }));
        }

        var target = targets.Get(plan.Spec.Target);
        foreach (var shard in target.Shards)
        {
            try
            {
                await TargetSchema.InstallAsync(shard.DataSource, target.WorkerRoles, cancellationToken);
            }
            catch (Exception exception) when (TargetUnavailableException.Means(exception))
            {
                throw new TargetUnavailableException(shard, exception);
            }
        }

        await _fence.EnsureAsync(plan.Spec.Target, migration, await identity.ReadAsync(cancellationToken), cancellationToken);
    }

    /// <summary>The tables that a plan touches.</summary>
    public static IReadOnlyList<TableRef> TablesOf(MigrationPlan plan) =>
        [.. plan.Steps.Concat(plan.RollbackSteps).Select(TableOf).OfType<TableRef>().Distinct()];

    private static TableRef? TableOf(PlanStep step) => step switch
    {
        PlanStep.Ddl ddl => ddl.Table,
        PlanStep.InstallSync sync => sync.Sync.Table,
        PlanStep.InstallFill fill => fill.Fill.Table,
        PlanStep.CreateIndex index => index.Table,
        PlanStep.ValidateConstraint validate => validate.Table,
        PlanStep.Backfill backfill => backfill.Table,
        PlanStep.Verify verify => verify.Table,
        PlanStep.Contract contract => contract.Table,
        PlanStep.Uninstall uninstall => uninstall.Table,
        _ => null,
    };
}
