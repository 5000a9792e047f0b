using Coordinator.Domain.Migrations;
using Coordinator.Engine.Applications;
using Coordinator.Engine.Driving;
using Coordinator.Engine.Requests;
using Coordinator.Engine.Targets;
using Coordinator.EventStore;

namespace Coordinator.Engine.Migrations;

/// <summary>
/// Retiring old versions by a person's word, and taking a retirement back. Idempotent by request id and recorded with who and why;
/// acknowledged when it holds: a retired version is refused, a version that may come back has its role's login and rights again.
/// </summary>
public sealed class RetirementCommands(
    IEventStore store, TargetRegistry targets, AdmissionChanges admission, RequestStore requests)
{
    private readonly MigrationStream _stream = new(store);
    private readonly RecordedExecution _recorded = new(new MigrationStream(store), requests);

    /// <summary>Refuses old versions from now on, although not all of their instances have left; the gate still waits for those.</summary>
    /// <exception cref="EngineException">The domain refused.</exception>
    public Task<long> RetireAsync(string migration, string reason, RequestContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        return ExecuteAsync(
            new Order("retire", migration, reason),
            new MigrationCommand.OrderRetirement(context.Actor, reason),
            context,
            (session, decision) => admission.EnlistEarlyRetirementAsync(
                session, migration, decision.Before.Plan!.Spec.Versions, cancellationToken),
            cancellationToken);
    }

    /// <summary>Takes a retirement back, until the contract has begun: old versions may start and write again.</summary>
    /// <exception cref="EngineException">The domain refused.</exception>
    /// <exception cref="TargetUnavailableException">It is recorded; a driver lifts the fence when the target is back.</exception>
    public async Task<long> UnRetireAsync(
        string migration, string reason, RequestContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var revision = await ExecuteAsync(
            new Order("un-retire", migration, reason),
            new MigrationCommand.EndRetirement(context.Actor, reason),
            context,
            (session, decision) => admission.EnlistRetirementEndedAsync(
                session, migration, [.. decision.Before.Plan!.Spec.Versions.Keys], cancellationToken),
            cancellationToken);

        // Also for a repeat: the first try may have died between the record and the target.
        var (state, version) = await _stream.LoadAsync(migration, cancellationToken);
        if (state.LiftOwed)
        {
            await FenceLift.PayAsync(_stream, targets.Get(state.Plan!.Spec.Target), state, version, cancellationToken);
        }

        return revision;
    }

    private async Task<long> ExecuteAsync(
        Order order,
        MigrationCommand command,
        RequestContext context,
        Func<IEventSession, MigrationDecision, Task> change,
        CancellationToken cancellationToken)
    {
        if (await requests.FindAsync(context.RequestId, order, cancellationToken) is { } repeated)
        {
            return repeated;
        }

        return await _recorded.ExecuteAsync(
            order.Migration,
            command,
            order,
            context,
            (session, decision) => decision.Changed ? change(session, decision) : Task.CompletedTask,
            cancellationToken);
    }

    /// <summary>An order as it is compared with a repeat of itself.</summary>
    private sealed record Order(string Verb, string Migration, string Reason);
}
