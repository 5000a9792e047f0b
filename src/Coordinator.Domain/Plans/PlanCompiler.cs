using Coordinator.Domain.Catalog;
using Coordinator.Domain.Operations;
using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Plans;

/// <summary>
/// From a spec and the target's catalogue to a plan. The same input gives the same plan, to the letter; every error is reported, not
/// only the first. Steps of several operations are interleaved by phase; they share one gate.
/// </summary>
public static class PlanCompiler
{
    /// <summary>The oldest server that the protocol works with (TID range scans).</summary>
    public const int MinServerVersion = 140000;

    private const int ServerVersionUnit = 10000;

    /// <summary>The tables that a catalogue snapshot for this spec must hold. Malformed names are left out.</summary>
    public static IReadOnlyList<TableRef> TablesOf(MigrationSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return
        [
            .. spec.Operations
                .Select(OperationFactory.Create)
                .SelectMany(static o => o.Tables)
                .Where(static t => SqlIdentifier.IsAcceptable(t.Schema, out _) && SqlIdentifier.IsAcceptable(t.Name, out _))
                .Distinct(),
        ];
    }

    public static PlanResult Compile(MigrationSpec spec, CatalogSnapshot catalog)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(catalog);
        var shape = SpecValidator.Validate(spec);
        var report = new SpecReport();
        if (catalog.ServerVersion < MinServerVersion)
        {
            report.At("target").Add(
                "SERVER_TOO_OLD",
                $"The target runs PostgreSQL {catalog.ServerVersion / ServerVersionUnit}; {MinServerVersion / ServerVersionUnit} or newer is needed.",
                "Upgrade the target.");
        }

        var plans = CompileOperations(spec, catalog, shape, report);
        IReadOnlyList<SpecError> errors = [.. shape, .. report.Errors];
        return errors.Count > 0 ? new PlanResult.Refused(errors) : new PlanResult.Compiled(Assemble(spec, plans));
    }

    private static List<OperationPlan> CompileOperations(
        MigrationSpec spec,
        CatalogSnapshot catalog,
        IReadOnlyList<SpecError> shape,
        SpecReport report)
    {
        var plans = new List<OperationPlan>();
        for (var i = 0; i < Math.Min(spec.Operations.Count, SpecValidator.MaxOperations); i++)
        {
            var place = report.At("operations").AtIndex(i);
            // What is malformed can't be looked up; the catalogue still tells about its neighbours.
            if (shape.Any(e => e.Place.StartsWith(place.Place + ".", StringComparison.Ordinal)))
            {
                continue;
            }

            var others = spec.Operations.Where((_, other) => other != i).SelectMany(static o => OperationFactory.Create(o).Replaces);
            var context = new OperationContext(catalog, i + 1, place.At(OperationShape.KeyOf(spec.Operations[i])), [.. others]);
            if (OperationFactory.Create(spec.Operations[i]).Compile(context) is { } plan)
            {
                plans.Add(plan);
            }
        }

        return plans;
    }

    private static MigrationPlan Assemble(MigrationSpec spec, List<OperationPlan> operations)
    {
        var contracts = operations.Select(static o => o.Contract).OfType<PlanStep>().ToList();
        return new MigrationPlan
        {
            FormatVersion = MigrationPlan.CurrentFormatVersion,
            Spec = spec,
            Steps =
            [
                .. operations.SelectMany(static o => o.Expand),
                .. operations.SelectMany(static o => o.Migrate),
                .. contracts.Count == 0 ? [] : new PlanStep[] { Gate() },
                .. contracts,
            ],
            // Backwards: what was built last may stand on what was built first.
            RollbackSteps = [.. operations.AsEnumerable().Reverse().Select(static o => o.Rollback).OfType<PlanStep>()],
            Warnings = [.. operations.SelectMany(static o => o.Warnings)],
            SpecHash = SpecHash.Of(spec),
        };
    }

    private static PlanStep.Gate Gate() => new()
    {
        Id = "gate",
        Phase = Phase.Contract,
        Description = "wait until no old version is left and none can come back",
    };
}
