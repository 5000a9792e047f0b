using Coordinator.Domain;
using Coordinator.Domain.Migrations;
using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;
using Coordinator.Engine.Applications;
using Coordinator.Engine.Driving;
using Coordinator.Engine.Leasing;
using Coordinator.Engine.Planning;
using Coordinator.Engine.Requests;
using Coordinator.EventStore;
using Coordinator.Postgres.Ledger;
using Npgsql;

namespace Coordinator.Engine.Migrations;

/// <summary>
/// What operators and deploy tools can order. Every order is idempotent by its request id, recorded with who gave it, and
/// acknowledged only when what it promises holds: after a pause, rollback or cancel no older batch can commit.
/// </summary>
public sealed class MigrationCommands
{
    private readonly MigrationStream _stream;
    private readonly MigrationFence _fence;
    private readonly MigrationPlanner _planner;
    private readonly TargetPreparation _preparation;
    private readonly AdmissionChanges _admission;
    private readonly BackfillControl _backfills;
    private readonly RequestStore _requests;
    private readonly RecordedExecution _recorded;
    private readonly Targets.TargetRegistry _targets;

    /// <summary>Opens nothing.</summary>
    public MigrationCommands(
        IEventStore store,
        Targets.TargetRegistry targets,
        TargetPreparation preparation,
        AdmissionChanges admission,
        BackfillControl backfills,
        RequestStore requests)
    {
        _stream = new MigrationStream(store);
        _fence = new MigrationFence(targets);
        _planner = new MigrationPlanner(targets);
        _preparation = preparation;
        _admission = admission;
        _backfills = backfills;
        _requests = requests;
        _recorded = new RecordedExecution(_stream, requests);
        _targets = targets;
    }

    /// <summary>Compiles without recording anything.</summary>
    public Task<MigrationPlan> CompileAsync(MigrationSpec spec, CancellationToken cancellationToken) =>
        _planner.PlanAsync(spec, cancellationToken);

    /// <summary>Compiles a specification and records the plan under the migration's name.</summary>
    public async Task<long> PlanAsync(MigrationSpec spec, RequestContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var repeated = await _requests.FindAsync(context.RequestId, spec, cancellationToken);
        if (repeated is { } revision)
        {
            return revision;
        }

        var plan = await _planner.PlanAsync(spec, cancellationToken);
        return await _recorded.ExecuteAsync(
            spec.Name, new MigrationCommand.Plan(spec.Name, plan), spec, context, NothingElse, cancellationToken);
    }

    /// <summary>
    /// Starts a planned migration: checks that the plan still fits the target, prepares the target, and from then on
    /// refuses versions that need the new structure until it is complete.
    /// </summary>
    public async Task<long> StartAsync(string name, RequestContext context, CancellationToken cancellationToken)
    {
        var order = new Order("start", name);
        if (await _requests.FindAsync(context.RequestId, order, cancellationToken) is { } revision)
        {
            return revision;
        }

        var state = await RequireAsync(name, new MigrationCommand.Start(), cancellationToken);
        if (state.Status == MigrationStatus.Planned)
        {
            await RequirePlanFitsAsync(state.Plan!, cancellationToken);
            await _preparation.PrepareAsync(name, state.Plan!, cancellationToken);
        }

        try
        {
            return await _recorded.ExecuteAsync(
                name,
                new MigrationCommand.Start(),
                order,
                context,
                (session, decision) => decision.Changed && StepsBeforeGate(decision.Before.Plan!).Any()
                    ? _admission.EnlistCeilingsAsync(
                        session, name, decision.Before.Plan!.Spec.Versions, requireNoNewer: true, cancellationToken)
                    : Task.CompletedTask,
                cancellationToken);
        }
        catch (PostgresException guard) when (guard.SqlState == AdmissionChanges.NewerVersionAlive)
        {
            throw new EngineException(new Rejection(
                "NEWER_VERSION_ALIVE",
                guard.MessageText,
                "That version needs a structure that does not exist yet: stop or roll back those instances, then start again.",
                new Dictionary<string, string> { ["migration"] = name }));
        }
    }

    /// <summary>Pauses; when this returns, nothing that was granted before can commit.</summary>
    public async Task<long> PauseAsync(
        string name, string reason, RequestContext context, CancellationToken cancellationToken)
    {
        var revision = await OrderAsync(
            new Order("pause", name, reason),
            new MigrationCommand.Pause(reason),
            context,
            (session, _) =>
            {
                _backfills.EnlistPause(session, name);
                return Task.CompletedTask;
            },
            cancellationToken);

        // Also for a repeat: the first try may have died between the record and the fence.
        var (state, _) = await _stream.LoadAsync(name, cancellationToken);
        if (state.Status == MigrationStatus.Paused)
        {
            await CloseFenceAsync(state, cancellationToken);
        }

        return revision;
    }

    /// <summary>Goes on where a pause stopped.</summary>
    public Task<long> ResumeAsync(string name, RequestContext context, CancellationToken cancellationToken) =>
        // The driver opens the fence again and lets batches be granted under its new generation: whoever does that
        // last must also be the one that grants, and there is only one driver.
        OrderAsync(new Order("resume", name), new MigrationCommand.Resume(), context, NothingElse, cancellationToken);

    /// <summary>Gives the approval that the contract waits for.</summary>
    public Task<long> ApproveAsync(string name, RequestContext context, CancellationToken cancellationToken) =>
        OrderAsync(new Order("approve", name), new MigrationCommand.Approve(context.Actor), context, NothingElse, cancellationToken);

    /// <summary>Tries the failed step again.</summary>
    public async Task<long> RetryAsync(string name, RequestContext context, CancellationToken cancellationToken)
    {
        var (state, _) = await _stream.LoadAsync(name, cancellationToken);
        var failed = state.ActiveSteps.FirstOrDefault(step => state.Step(step.Id).Status == StepStatus.Failed);
        return await OrderAsync(
            new Order("retry", name),
            new MigrationCommand.RetryStep(failed?.Id ?? state.NextStep?.Id ?? ""),
            context,
            NothingElse,
            cancellationToken);
    }

    /// <summary>
    /// Begins the way back. New versions are refused from here; the new structure is dropped when none is left.
    /// </summary>
    public async Task<long> RollBackAsync(string name, RequestContext context, CancellationToken cancellationToken)
    {
        var revision = await OrderAsync(
            new Order("rollback", name),
            new MigrationCommand.StartRollback(),
            context,
            async (session, decision) =>
            {
                if (decision.Changed)
                {
                    _backfills.EnlistPause(session, name);
                    await _admission.EnlistRollbackAsync(
                        session, name, decision.Before.Plan!.Spec.Versions, cancellationToken);
                }
            },
            cancellationToken);
        var (state, version) = await _stream.LoadAsync(name, cancellationToken);
        if (state.IsRollingBack)
        {
            await CloseFenceAsync(state, cancellationToken);
        }

        if (state.LiftOwed)
        {
            // Old versions may come back, so their roles must be able to; a driver would do it too.
            await FenceLift.PayAsync(_stream, _targets.Get(state.Plan!.Spec.Target), state, version, cancellationToken);
        }

        return revision;
    }

    /// <summary>Drops a plan that has not touched the target.</summary>
    public Task<long> CancelAsync(string name, RequestContext context, CancellationToken cancellationToken) =>
        OrderAsync(
            new Order("cancel", name),
            new MigrationCommand.Cancel(),
            context,
            async (session, decision) =>
            {
                if (decision.Changed && decision.Before.Status != MigrationStatus.Planned)
                {
                    _backfills.EnlistPause(session, name);
                    await _admission.EnlistLimitsEndedAsync(
                        session, name, [.. decision.Before.Plan!.Spec.Versions.Keys], cancellationToken);
                }
            },
            cancellationToken);

    internal static IEnumerable<PlanStep> StepsBeforeGate(MigrationPlan plan) =>
        plan.Steps.TakeWhile(step => step is not (PlanStep.Gate or PlanStep.Contract));

    private static Task NothingElse(IEventSession session, MigrationDecision decision) => Task.CompletedTask;

    private async Task CloseFenceAsync(MigrationState state, CancellationToken cancellationToken)
    {
        var mode = state.IsRollingBack ? FenceMode.Closed : FenceMode.Paused;
        // The driver may be at it too, and be waiting still: that the fence is in its mode says nothing of what is under way.
        await _fence.HoldAsync(state.Plan!.Spec.Target, state.Name, mode, cancellationToken);
    }

    private async Task<long> OrderAsync(
        Order order,
        MigrationCommand command,
        RequestContext context,
        Func<IEventSession, MigrationDecision, Task> enlist,
        CancellationToken cancellationToken) =>
        await _requests.FindAsync(context.RequestId, order, cancellationToken)
        ?? await _recorded.ExecuteAsync(order.Migration, command, order, context, enlist, cancellationToken);

    private async Task<MigrationState> RequireAsync(
        string name, MigrationCommand command, CancellationToken cancellationToken)
    {
        var (state, _) = await _stream.LoadAsync(name, cancellationToken);
        return MigrationDecider.Decide(command, state) is Decision<MigrationEvent>.Rejected rejected
            ? throw new EngineException(rejected.Rejection)
            : state;
    }

    private async Task RequirePlanFitsAsync(MigrationPlan plan, CancellationToken cancellationToken)
    {
        string difference;
        try
        {
            var now = await _planner.PlanAsync(plan.Spec, cancellationToken);
            if (MigrationPlanner.SamePlan(plan, now))
            {
                return;
            }

            difference = "planning it now would give other steps";
        }
        catch (SpecificationException refused)
        {
            difference = string.Join("; ", refused.Errors.Select(error => error.Message));
        }

        throw new EngineException(new Rejection(
            "PLAN_OUTDATED",
            $"The target has changed since migration '{plan.Spec.Name}' was planned: {difference}.",
            "Cancel it and plan it again under a new name, or undo the change in the target.",
            new Dictionary<string, string> { ["migration"] = plan.Spec.Name }));
    }

    /// <summary>An order as it is compared with a repeat of itself.</summary>
    private sealed record Order(string Verb, string Migration, string Argument = "");
}
