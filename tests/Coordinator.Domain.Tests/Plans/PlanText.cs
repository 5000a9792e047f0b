using System.Text;
using Coordinator.Domain.Plans;

namespace Coordinator.Domain.Tests.Plans;

/// <summary>A plan as text, for tests that read it whole.</summary>
internal static class PlanText
{
    public static string Of(MigrationPlan plan)
    {
        var text = new StringBuilder();
        foreach (var step in plan.Steps)
        {
            Append(text, step);
        }

        text.Append("-- back\n");
        foreach (var step in plan.RollbackSteps)
        {
            Append(text, step);
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, PlanStep step)
    {
        text.Append(step.Id).Append(": ").Append(step.Description).Append('\n');
        foreach (var line in Lines(step))
        {
            text.Append("  ").Append(line).Append('\n');
        }
    }

    private static IEnumerable<string> Lines(PlanStep step) => step switch
    {
        PlanStep.Ddl ddl => [.. ddl.Statements, .. InFunction(ddl.InFunction)],
        PlanStep.InstallSync install => [$"sync {install.Sync.TriggerName} text={install.Sync.CompareAsText}"],
        PlanStep.InstallFill install => [$"fill {install.Fill.TriggerName} {install.Fill.Expression}"],
        PlanStep.CreateIndex index => [index.Statement],
        PlanStep.ValidateConstraint validate => [validate.Statement],
        PlanStep.Backfill backfill => [backfill.Statement, $"wrong where {backfill.Disagree}, guarded by {backfill.TriggerName}"],
        PlanStep.Verify verify => [verify.Disagree ?? verify.CountQuery ?? ""],
        PlanStep.Contract contract =>
        [
            .. contract.RemovesSync.Select(static s => $"remove {s.TriggerName}"),
            .. contract.RemovesFill.Select(static s => $"remove {s.TriggerName}"),
            .. contract.Statements,
            .. InFunction(contract.InFunction),
            .. contract.WriteProbe is null ? [] : new[] { $"probe {contract.WriteProbe}" },
        ],
        PlanStep.Uninstall uninstall =>
        [
            .. uninstall.RemovesSync.Select(static s => $"remove {s.TriggerName}"),
            .. uninstall.RemovesFill.Select(static s => $"remove {s.TriggerName}"),
            .. uninstall.Statements,
            .. InFunction(uninstall.InFunction),
        ],
        _ => [],
    };

    private static IEnumerable<string> InFunction(bool inFunction) => inFunction ? ["(in function)"] : [];
}
