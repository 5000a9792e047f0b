using System.Text.Json;
using Coordinator.Domain.Catalog;
using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Catalog;

namespace Coordinator.Engine.Planning;

/// <summary>
/// Turns a specification into a plan: checks its shape, reads what it talks about from every shard of the target,
/// compiles, and lets the server look at the SQL that the user wrote. All errors are reported at once.
/// </summary>
public sealed class MigrationPlanner(TargetRegistry targets)
{
    /// <summary>The plan for the target as it is now.</summary>
    /// <exception cref="SpecificationException">What is wrong with it.</exception>
    /// <exception cref="EngineException">TARGET_NOT_FOUND.</exception>
    /// <exception cref="TargetUnavailableException">A shard can't be reached.</exception>
    public async Task<MigrationPlan> PlanAsync(MigrationSpec spec, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(spec);
        Refuse(SpecValidator.Validate(spec));
        var target = targets.Get(spec.Target);
        MigrationPlan? first = null;
        foreach (var shard in target.Shards)
        {
            var plan = await PlanOnAsync(shard, spec, cancellationToken);
            if (first is not null && !SamePlan(first, plan))
            {
                Refuse([new SpecError(
                    "target",
                    "SHARDS_DIFFER",
                    $"Shard '{shard.Name}' of target '{spec.Target}' differs from shard '{target.Shards[0].Name}' in the tables of this migration.",
                    "Bring the shards' schemas into line first; one plan has to fit all of them.")]);
            }

            first ??= plan;
        }

        return first!;
    }

    /// <summary>Whether two plans would do the same to the target.</summary>
    public static bool SamePlan(MigrationPlan left, MigrationPlan right) =>
        JsonSerializer.Serialize(left) == JsonSerializer.Serialize(right);

    private static async Task<MigrationPlan> PlanOnAsync(
        TargetShard shard, MigrationSpec spec, CancellationToken cancellationToken)
    {
        try
        {
            var catalog = await ReadCatalogAsync(shard, spec, cancellationToken);
            var compiled = PlanCompiler.Compile(spec, catalog);
            if (compiled is PlanResult.Refused refused)
            {
                throw new SpecificationException(refused.Errors);
            }

            Refuse(await SqlCheck.RunAsync(shard.DataSource, spec, cancellationToken));
            return ((PlanResult.Compiled)compiled).Plan;
        }
        catch (Exception exception) when (TargetUnavailableException.Means(exception))
        {
            throw new TargetUnavailableException(shard, exception);
        }
    }

    private static async Task<CatalogSnapshot> ReadCatalogAsync(
        TargetShard shard, MigrationSpec spec, CancellationToken cancellationToken)
    {
        var found = new List<TableInfo>();
        foreach (var table in spec.Operations.SelectMany(TablesOf).Distinct())
        {
            if (await CatalogReader.ReadTableAsync(shard.DataSource, table.Schema, table.Name, cancellationToken) is { } read)
            {
                found.Add(CatalogMapping.ToDomain(read));
            }
        }

        return new CatalogSnapshot
        {
            ServerVersion = await ServerVersionAsync(shard, cancellationToken),
            Tables = found,
        };
    }

    private static IEnumerable<TableRef> TablesOf(OperationSpec operation) => operation switch
    {
        OperationSpec.RenameColumn rename => [rename.Target],
        OperationSpec.SetNotNull setNotNull => [setNotNull.Target],
        OperationSpec.RawSql raw => ((string?[])[raw.Table, raw.Backfill?.Table])
            .Where(table => !string.IsNullOrWhiteSpace(table))
            .Select(table => TableRef.Parse(table!, schema: null)),
        _ => [],
    };

    private static async Task<int> ServerVersionAsync(TargetShard shard, CancellationToken cancellationToken)
    {
        await using var command = shard.DataSource.CreateCommand("select current_setting('server_version_num')::int");
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static void Refuse(IReadOnlyList<SpecError> errors)
    {
        if (errors.Count > 0)
        {
            throw new SpecificationException(errors);
        }
    }
}
