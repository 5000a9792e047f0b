using System.Globalization;
using Coordinator.Domain.Applications;
using Coordinator.Domain.Migrations;
using Coordinator.Domain.Plans;
using Coordinator.Engine.Applications;
using Coordinator.Engine.Fencing;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Requests;
using Coordinator.Engine.Verification;
using Npgsql;

namespace Coordinator.Engine.Readiness;

/// <summary>
/// Answers deploy tools. Every answer is read from the database after the question was asked, so it is never older than the last
/// event that was acknowledged; those who ask at the same time share the reads.
/// </summary>
public sealed class ReadinessQueries(CoordinationDatabase database, InstanceRegistry instances, MigrationQueries migrations)
{
    // What doesn't mend by waiting: rows that can't be filled, or were written past the trigger, a fence that can't stand, a retirement that was taken back.
    internal static readonly string[] NeedAPerson =
    [
        "QUARANTINED_ROWS", VerificationText.DifferencesFound, "RETIREMENT_ENDED",
        FenceBlockers.RightsMissing, FenceBlockers.RightRemains, FenceBlockers.PreparedTransaction,
    ];

    private readonly SharedReads<string, MigrationView> _views = new();

    /// <summary>May this version be deployed?</summary>
    public Task<ReadinessVerdict> DeployAsync(string application, long version, CancellationToken cancellationToken) =>
        AdmissionAsync(application, version, cancellationToken);

    /// <summary>May the application still go back to this version?</summary>
    public async Task<ReadinessVerdict> RollBackAsync(string application, long version, CancellationToken cancellationToken)
    {
        var verdict = await AdmissionAsync(application, version, cancellationToken);
        if (verdict.Blockers is not [{ Code: Admission.Retired } retired])
        {
            return verdict;
        }

        var ending = await TakeBackAsync(application, version, cancellationToken);
        return ending.Count == 0
            ? verdict
            : ReadinessVerdict.Blocked([retired with
            {
                ClearedBy = $"{retired.ClearedBy} Or let it come back, while no contract has begun: {string.Join(", ", ending.Select(name => $"'coordinator un-retire {name}'"))}.",
            }]);
    }

    /// <summary>Has the migration passed this point?</summary>
    public async Task<ReadinessVerdict> MilestoneAsync(
        string migration, Milestone milestone, CancellationToken cancellationToken)
    {
        var view = await ViewAsync(migration, cancellationToken);
        return HasPassed(view.State, milestone) ? ReadinessVerdict.Ready : NotYet(view);
    }

    private Task<MigrationView> ViewAsync(string migration, CancellationToken cancellationToken) =>
        _views.ReadAsync(migration, migrations.GetAsync, cancellationToken);

    private async Task<ReadinessVerdict> AdmissionAsync(
        string application, long version, CancellationToken cancellationToken)
    {
        // From one read: a structure that is completed between two would leave a refusal without a migration to wait for.
        var limits = await instances.ReadLimitsAsync(application, version, cancellationToken);
        if (Admission.Check(version, limits) is not { } refused)
        {
            return ReadinessVerdict.Ready;
        }

        // The migrations whose unfinished structure keeps this version out; none when it is retired.
        var holding = limits.Ceilings.Where(limit => limit.Value <= version).Select(limit => limit.Key).Order(StringComparer.Ordinal).ToList();
        var refusal = new Blocker(
            refused.Code,
            string.Create(CultureInfo.InvariantCulture, $"{application}@{version}"),
            refused.Message,
            refused.Remedy);
        if (holding.Count == 0)
        {
            return ReadinessVerdict.Blocked([refusal]);
        }

        var verdicts = new List<ReadinessVerdict>();
        foreach (var migration in holding)
        {
            verdicts.Add(NotYet(await ViewAsync(migration, cancellationToken)));
        }

        IReadOnlyList<Blocker> blockers = [refusal, .. verdicts.SelectMany(verdict => verdict.Blockers)];
        return verdicts.Any(verdict => verdict.Verdict == Verdict.Blocked)
            ? ReadinessVerdict.Blocked(blockers)
            : ReadinessVerdict.Wait(blockers);
    }

    /// <summary>The migrations whose retirements keep this version out and can all still be taken back; else none.</summary>
    private async Task<List<string>> TakeBackAsync(string application, long version, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(
            "select migration, permanent from coordinator.application_limit where application = $1 and floor > $2 order by migration");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = application });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = version });
        var names = new List<string>();
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                if (reader.GetBoolean(1))
                {
                    return [];
                }

                names.Add(reader.GetString(0));
            }
        }

        // Permanent is recorded at the end of the contract; its beginning is too late already.
        foreach (var name in names)
        {
            if ((await ViewAsync(name, cancellationToken)).State.ContractStarted)
            {
                return [];
            }
        }

        return names;
    }

    private static bool HasPassed(MigrationState state, Milestone milestone)
    {
        if (state.IsRollingBack || state.Plan is not { } plan)
        {
            return false;
        }

        bool Done(IEnumerable<PlanStep> steps) => steps.All(step => state.Step(step.Id).Status == StepStatus.Completed);
        return state.Status is not (MigrationStatus.Planned or MigrationStatus.Cancelled or MigrationStatus.RolledBack)
            && milestone switch
            {
                Milestone.Expanded => Done(plan.Steps.Where(step => step.Phase == Phase.Expand)),
                Milestone.Backfilled => Done(MigrationCommands.StepsBeforeGate(plan)),
                Milestone.Contractable => Done(plan.Steps.TakeWhile(step => step is not PlanStep.Contract)),
                _ => state.Status == MigrationStatus.Completed,
            };
    }

    /// <summary>Why a migration has not got further: waiting by itself, or for a person.</summary>
    internal static ReadinessVerdict NotYet(MigrationView view)
    {
        var state = view.State;
        if (FailedStep(state) is { } failed)
        {
            return ReadinessVerdict.Blocked([failed]);
        }

        return state.Status switch
        {
            MigrationStatus.Planned => ReadinessVerdict.Blocked([NotStarted(state)]),
            MigrationStatus.Paused => ReadinessVerdict.Blocked([Of(
                state, "MIGRATION_PAUSED", $"the migration is paused: {state.PauseReason}", $"run 'coordinator resume {state.Name}'")]),
            MigrationStatus.RollingBack or MigrationStatus.RolledBack => ReadinessVerdict.Blocked([Of(
                state, "MIGRATION_ROLLED_BACK", "the migration is being, or was, rolled back", "plan a new migration")]),
            MigrationStatus.Cancelled => ReadinessVerdict.Blocked([Of(
                state, "MIGRATION_CANCELLED", "the migration was cancelled", "plan a new migration")]),
            _ when state.Blockers.Any(blocker => NeedAPerson.Contains(blocker.Code)) => ReadinessVerdict.Blocked(state.Blockers),
            _ => ReadinessVerdict.Wait(state.Blockers.Count > 0
                ? state.Blockers
                : [Of(state, "MIGRATION_RUNNING", view.Activity.Length > 0 ? view.Activity : "the migration is running", "nothing to do; ask again")]),
        };
    }

    /// <summary>The step that stopped the migration; null when none did.</summary>
    internal static Blocker? FailedStep(MigrationState state) =>
        state.ActiveSteps.FirstOrDefault(step => state.Step(step.Id).Status == StepStatus.Failed) is { } failed
            ? new Blocker(
                "STEP_FAILED",
                $"{state.Name}/{failed.Id}",
                state.Step(failed.Id).FailureReason ?? "the step failed",
                state.Step(failed.Id).FailureRemedy ?? "")
            : null;

    internal static Blocker NotStarted(MigrationState state) => Of(
        state, "MIGRATION_NOT_STARTED", "the migration is planned, not started", $"run 'coordinator start {state.Name}'");

    private static Blocker Of(MigrationState state, string code, string message, string clearedBy) =>
        new(code, state.Name, message, clearedBy);
}
