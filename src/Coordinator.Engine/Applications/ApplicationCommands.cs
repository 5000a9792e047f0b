using Coordinator.Domain;
using Coordinator.Domain.Applications;
using Coordinator.EventStore;
using Coordinator.EventStore.Appending;
using Npgsql;

namespace Coordinator.Engine.Applications;

/// <summary>
/// The write path of one application: read, decide, take the row's lock, append at the version read; again when somebody
/// was faster.
/// </summary>
internal sealed class ApplicationCommands(IEventStore store)
{
    // Each conflict means that somebody else's change went through, so this is far more than ever needed.
    private const int MostAttempts = 20;

    /// <summary>Carries the command out; false when what it asks for is true already.</summary>
    /// <exception cref="EngineException">The domain's refusal.</exception>
    public async Task<bool> ExecuteAsync(
        string application,
        ApplicationCommand command,
        RequestContext context,
        NpgsqlBatchCommand? alongside,
        CancellationToken cancellationToken)
    {
        for (var attempt = 1; attempt <= MostAttempts; attempt++)
        {
            try
            {
                return await TryExecuteAsync(application, command, context, alongside, cancellationToken);
            }
            catch (ConcurrencyException)
            {
                // Read again what the other one wrote, and decide again.
            }
        }

        throw InstanceRejections.Contended(application);
    }

    private async Task<bool> TryExecuteAsync(
        string application,
        ApplicationCommand command,
        RequestContext context,
        NpgsqlBatchCommand? alongside,
        CancellationToken cancellationToken)
    {
        await using var session = store.OpenSession(new SessionMetadata(
            context.CorrelationId, context.RequestId?.ToString(), context.Actor));
        var stream = await session.FetchForWriting<ApplicationState>(ApplicationStream.Key(application), null, cancellationToken);
        var decision = ApplicationDecider.Decide(command, stream.State);
        if (decision is Decision<ApplicationEvent>.Rejected rejected)
        {
            throw new EngineException(rejected.Rejection);
        }

        var events = ((Decision<ApplicationEvent>.Accepted)decision).Events;
        if (events.Count == 0)
        {
            return false;
        }

        ApplicationLock.Enlist(session, [application], [application]);
        stream.AppendMany(events);
        if (alongside is not null)
        {
            session.Enlist(alongside);
        }

        await session.SaveChangesAsync(cancellationToken);
        return true;
    }
}
