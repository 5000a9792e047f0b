using Coordinator.Domain.Plans;
using Coordinator.Engine.Driving;

namespace Coordinator.Engine.Planning;

/// <summary>The SQL that a step runs in the target, for people to read before they start it. Nothing is run from here.</summary>
public static class StepSql
{
    /// <summary>The statements, in order; none for a step that only waits.</summary>
    public static IReadOnlyList<string> Of(PlanStep step, string migration) => step switch
    {
        PlanStep.Ddl ddl => ddl.Statements,
        PlanStep.InstallSync install => [.. TriggerMapping.Create(install.Sync, migration, install.Id)],
        PlanStep.InstallFill install => [.. TriggerMapping.Create(install.Fill, migration, install.Id)],
        PlanStep.CreateIndex index => [index.Statement],
        PlanStep.ValidateConstraint validate => [validate.Statement],
        PlanStep.Backfill backfill => [backfill.Statement],
        PlanStep.Verify { CountQuery: { } query } => [query],
        PlanStep.Verify { Disagree: { } disagree } verify => [$"select count(*) from {verify.Table.Sql} where {disagree}"],
        PlanStep.Contract contract =>
        [
            .. TriggerMapping.Drop(contract.RemovesSync, contract.RemovesFill),
            .. contract.Statements,
            .. contract.WriteProbe is { } probe ? (IEnumerable<string>)[probe] : [],
        ],
        PlanStep.Uninstall uninstall =>
            [.. TriggerMapping.Drop(uninstall.RemovesSync, uninstall.RemovesFill), .. uninstall.Statements],
        _ => [],
    };
}
