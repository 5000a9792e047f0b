using System.Globalization;
using Coordinator.Domain.Gates;
using Coordinator.Domain.Migrations;
using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;
using Coordinator.Engine.Applications;
using Coordinator.Engine.Driving;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Targets;
using Coordinator.Engine.Verification;

namespace Coordinator.Engine.Readiness;

/// <summary>
/// Answers what a contract would break if it ran at the moment of the question: everything at once, also what the gate would look
/// at only later. It reads and changes nothing, neither here nor in the target.
/// </summary>
public sealed class ContractQueries(
    CoordinationDatabase database, MigrationQueries migrations, GateFactsReader facts, TargetRegistry targets)
{
    /// <summary>READY when nothing would break, or nothing is left to contract. Soak and approval are not looked at: they break nothing.</summary>
    /// <exception cref="EngineException">MIGRATION_NOT_FOUND; TARGET_NOT_FOUND.</exception>
    /// <exception cref="TargetUnavailableException">A shard does not answer, so nobody can say.</exception>
    public async Task<ReadinessVerdict> WouldBreakAsync(string migration, CancellationToken cancellationToken)
    {
        var view = await migrations.GetAsync(migration, cancellationToken);
        var state = view.State;
        if (state.Status == MigrationStatus.Completed)
        {
            return ReadinessVerdict.Ready with { Losses = [] };
        }

        if (state.IsFinished || state.IsRollingBack || state.Plan is not { } plan)
        {
            return ReadinessQueries.NotYet(view) with { Losses = [] };
        }

        var contracts = plan.Steps.OfType<PlanStep.Contract>().Where(step => state.Step(step.Id).Status != StepStatus.Completed).ToList();
        var target = targets.Get(plan.Spec.Target);
        var now = await facts.ReadAsync([.. plan.Spec.Versions.Keys], cancellationToken);
        IReadOnlyList<Blocker> blockers =
        [
            .. Unfinished(state, plan),
            .. state.RetirementEndedBy is null ? (IEnumerable<Blocker>)[] : [GateExecutor.RetirementEnded(state)],
            .. Drain.Blockers(plan.Spec.Versions, now.Instances, now.Populations, rollback: false),
            .. (await TargetWitness.LookAtAllAsync(plan, target, cancellationToken)).Blockers,
            .. await OpenRows.BlockersAsync(state, plan, target, cancellationToken),
            .. view.Verifications.Where(row => row.Found > 0).Select(row => VerificationText.Blocker(migration, row)),
            .. await ColumnDependents.BlockersAsync(plan, contracts, target, cancellationToken),
        ];
        var verdict = blockers.Count == 0 ? ReadinessVerdict.Ready
            : blockers.Any(NeedsAPerson) ? ReadinessVerdict.Blocked(blockers)
            : ReadinessVerdict.Wait(blockers);
        return verdict with { Losses = [.. await WaysBackAsync(plan.Spec, cancellationToken), .. OwnStatements(state.Name, contracts)] };
    }

    private static bool NeedsAPerson(Blocker blocker) =>
        blocker.Code is "STEP_FAILED" or "MIGRATION_NOT_STARTED"
        || ColumnDependents.Codes.Contains(blocker.Code)
        || ReadinessQueries.NeedAPerson.Contains(blocker.Code);

    // What is not there yet, nobody can use in place of what would go.
    private static IEnumerable<Blocker> Unfinished(MigrationState state, MigrationPlan plan)
    {
        if (state.Status == MigrationStatus.Planned)
        {
            return [ReadinessQueries.NotStarted(state)];
        }

        if (ReadinessQueries.FailedStep(state) is { } failed)
        {
            return [failed];
        }

        var open = MigrationCommands.StepsBeforeGate(plan).Where(step => state.Step(step.Id).Status != StepStatus.Completed).ToList();
        return open.Count == 0
            ? []
            : [new Blocker(
                "STEP_NOT_DONE",
                $"{state.Name}/{open[0].Id}",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"'{open[0].Description}' is not done{(open.Count == 1 ? "" : $", nor {open.Count - 1} more")}: the new structure is not complete"),
                state.Status == MigrationStatus.Paused
                    ? $"run 'coordinator resume {state.Name}'"
                    : $"nothing to do; see 'coordinator status {state.Name}'")];
    }

    /// <summary>Per application the versions that could not run again; nothing of those that are refused for good already.</summary>
    private async Task<IReadOnlyList<Blocker>> WaysBackAsync(MigrationSpec spec, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(
            """
            select r.application, r.bound,
                   array(select v.version from (
                             select version from coordinator.application_version where application = r.application
                             union select version from coordinator.instance where application = r.application) v
                         where v.version < r.bound order by v.version desc limit 5)
              from unnest($1, $2) as r(application, bound)
             where not exists (select from coordinator.application_limit l
                                where l.application = r.application and l.permanent and l.floor >= r.bound)
             order by r.application
            """);
        command.Parameters.Add(new() { Value = spec.Versions.Keys.ToArray() });
        command.Parameters.Add(new() { Value = spec.Versions.Values.Select(rule => rule.FreeOfOldFrom).ToArray() });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var losses = new List<Blocker>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var known = await reader.GetFieldValueAsync<long[]>(2, cancellationToken);
            losses.Add(new Blocker(
                "ROLLBACK_LOST",
                reader.GetString(0),
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"versions below {reader.GetInt64(1)} could not be rolled back to any more"
                    + $"{(known.Length == 0 ? "" : $"; of them {string.Join(", ", known)} ran here")}"),
                $"hold the contract: 'coordinator pause {spec.Name}', or a soak or approval under contract in the specification"));
        }

        return losses;
    }

    // Only PostgreSQL knows what such a statement drops, and only when it runs.
    private static IEnumerable<Blocker> OwnStatements(string migration, IEnumerable<PlanStep.Contract> contracts) => contracts
        .Where(step => step.InFunction)
        .Select(step => new Blocker(
            "OWN_STATEMENT",
            $"{migration}/{step.Id}",
            $"what hangs on what this drops was not looked for: {string.Join("; ", step.Statements)}",
            "try the statement on a copy of the database"));
}
