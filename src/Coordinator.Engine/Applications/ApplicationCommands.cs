using Coordinator.Domain;
using Coordinator.Domain.Applications;
using Coordinator.Engine.Requests;
using Coordinator.EventStore;
using Coordinator.EventStore.Appending;
using Npgsql;

namespace Coordinator.Engine.Applications;

/// <summary>
/// The write path of one application: read, decide, take the row's lock, append at the version read; again when somebody
/// was faster. A repeat of a request does nothing; its id with another command is refused.
/// </summary>
internal sealed class ApplicationCommands(IEventStore store, RequestStore requests)
{
    // Each conflict means that somebody else's change went through, so this is far more than ever needed.
    private const int MostAttempts = 20;

    /// <summary>Whether the request was carried out before.</summary>
    /// <exception cref="EngineException">REQUEST_ID_REUSED: its id came with another command.</exception>
    public async Task<bool> IsRepeatAsync(
        string application, ApplicationCommand command, RequestContext context, CancellationToken cancellationToken) =>
        await requests.FindAsync(context.RequestId, new Order(application, command), cancellationToken) is not null;

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
            if (await IsRepeatAsync(application, command, context, cancellationToken))
            {
                return false;
            }

            try
            {
                return await TryExecuteAsync(application, command, context, alongside, cancellationToken);
            }
            catch (ConcurrencyException)
            {
                // Read again what the other one wrote, and decide again.
            }
            catch (PostgresException twin) when (twin is { SqlState: PostgresErrorCodes.UniqueViolation, TableName: "request" })
            {
                // The same request arrived twice at once, and the other one was first.
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
        if (RequestStore.Record(context.RequestId, new Order(application, command), stream.StartingVersion + events.Count) is { } record)
        {
            session.Enlist(record);
        }

        if (events.Count == 0)
        {
            await session.SaveChangesAsync(cancellationToken);
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

    /// <summary>A command as it is compared with a repeat of itself; as an object, because it is written by its own type.</summary>
    private sealed record Order(string Application, object Command);
}
