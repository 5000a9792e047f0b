using Coordinator.Domain.Migrations;
using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Planning;

namespace Coordinator.Server.Mapping;

/// <summary>Migrations on the wire.</summary>
internal static class MigrationMapping
{
    /// <summary>A migration with everything.</summary>
    public static V1.Migration ToProto(MigrationView view) => ToProto(view, withSql: true);

    /// <summary>A migration as it stands in a list: without its steps' SQL.</summary>
    public static V1.Migration ToListItem(MigrationView view) => ToProto(view, withSql: false);

    /// <summary>A plan that is not recorded, as the migration that it would be.</summary>
    public static V1.Migration ToProto(MigrationPlan plan) => ToProto(new MigrationView(
        MigrationState.Initial.Evolve(new MigrationEvent.Planned(plan.Spec.Name, plan)), 0, "", null, null, null, []));

    private static V1.Migration ToProto(MigrationView view, bool withSql)
    {
        var state = view.State;
        var spec = state.Plan!.Spec;
        return new V1.Migration
        {
            Name = ResourceNames.Migration(state.Name),
            Target = spec.Target,
            State = ToProto(state.Status),
            Steps = { StepsOf(state).Select(step => ToProto(step, state, withSql)) },
            GateStage = ToProto(state),
            Blockers = { state.Blockers.Select(BlockerMapping.ToProto) },
            StatusMessage = StatusSentence.Of(view),
            Backfills = { BackfillMapping.ToProto(view) },
            Versions =
            {
                spec.Versions.ToDictionary(
                    entry => entry.Key,
                    entry => ToProto(entry.Value)),
            },
            Revision = view.Revision,
            CreateTime = Timestamps.ToProto(view.CreatedAt),
            UpdateTime = Timestamps.ToProto(view.UpdatedAt),
            EndTime = Timestamps.ToProto(view.EndedAt),
            Warnings = { state.Plan.Warnings },
            Verifications = { view.Verifications.Select(VerificationMapping.ToProto) },
        };
    }

    // On the way back, what was done is shown with what undoes it.
    private static IEnumerable<PlanStep> StepsOf(MigrationState state) =>
        state.IsRollingBack || state.Status is MigrationStatus.RolledBack
            ? state.Plan!.Steps.Where(step => state.Step(step.Id).Status is not StepStatus.Pending).Concat(state.Plan.RollbackSteps)
            : state.Plan!.Steps;

    private static V1.Step ToProto(PlanStep step, MigrationState migration, bool withSql)
    {
        var state = migration.Step(step.Id);
        return new V1.Step
        {
            Id = step.Id,
            Phase = ToProto(step.Phase),
            Description = step.Description,
            State = ToProto(state.Status),
            AttemptCount = state.Attempt,
            FailureMessage = state is { Status: StepStatus.Failed, FailureReason: { } reason } ? $"{reason} {state.FailureRemedy}".TrimEnd() : "",
            Statements = { withSql ? StepSql.Of(step, migration.Name) : [] },
        };
    }

    private static V1.Migration.Types.State ToProto(MigrationStatus status) => status switch
    {
        MigrationStatus.Planned => V1.Migration.Types.State.Planned,
        MigrationStatus.Running => V1.Migration.Types.State.Running,
        MigrationStatus.Paused => V1.Migration.Types.State.Paused,
        MigrationStatus.RollingBack => V1.Migration.Types.State.RollingBack,
        MigrationStatus.RolledBack => V1.Migration.Types.State.RolledBack,
        MigrationStatus.Completed => V1.Migration.Types.State.Completed,
        MigrationStatus.Cancelled => V1.Migration.Types.State.Cancelled,
        _ => V1.Migration.Types.State.Unspecified,
    };

    private static V1.VersionRule ToProto(VersionRule rule)
    {
        var proto = new V1.VersionRule
        {
            UsesNewFrom = rule.UsesNewFrom,
            FreeOfOldFrom = rule.FreeOfOldFrom,
            RolePattern = rule.Roles?.Pattern ?? "",
        };
        foreach (var (version, role) in rule.Roles?.Named ?? new Dictionary<long, string>())
        {
            proto.Roles.Add(version, role);
        }

        return proto;
    }

    private static V1.Migration.Types.GateStage ToProto(MigrationState state) => state.Gate switch
    {
        GateStage.Retired when state.IsFenced => V1.Migration.Types.GateStage.Fenced,
        GateStage.Closed => V1.Migration.Types.GateStage.Closed,
        GateStage.Draining => V1.Migration.Types.GateStage.Draining,
        GateStage.Soaking => V1.Migration.Types.GateStage.Soaking,
        GateStage.Retired => V1.Migration.Types.GateStage.Retired,
        GateStage.Passed => V1.Migration.Types.GateStage.Passed,
        _ => V1.Migration.Types.GateStage.Unspecified,
    };

    private static V1.Step.Types.Phase ToProto(Phase phase) => phase switch
    {
        Phase.Expand => V1.Step.Types.Phase.Expand,
        Phase.Migrate => V1.Step.Types.Phase.Migrate,
        Phase.Contract => V1.Step.Types.Phase.Contract,
        _ => V1.Step.Types.Phase.Unspecified,
    };

    private static V1.Step.Types.State ToProto(StepStatus status) => status switch
    {
        StepStatus.Pending => V1.Step.Types.State.Pending,
        StepStatus.Started => V1.Step.Types.State.Started,
        StepStatus.Failed => V1.Step.Types.State.Failed,
        StepStatus.Completed => V1.Step.Types.State.Completed,
        _ => V1.Step.Types.State.Unspecified,
    };
}
