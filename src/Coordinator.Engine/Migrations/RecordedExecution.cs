using Coordinator.Domain.Migrations;
using Coordinator.Engine.Requests;
using Coordinator.EventStore;
using Npgsql;

namespace Coordinator.Engine.Migrations;

/// <summary>Executes commands of a migration together with the record of their request: both happen, or neither.</summary>
internal sealed class RecordedExecution(MigrationStream stream, RequestStore requests)
{
    /// <summary>
    /// The migration's version after the command. What <paramref name="enlist"/> adds joins the same transaction. When the same request
    /// was carried out at the same time, this one leaves nothing behind and has the other's outcome.
    /// </summary>
    /// <exception cref="EngineException">The domain refused.</exception>
    public async Task<long> ExecuteAsync(
        string migration,
        MigrationCommand command,
        object order,
        RequestContext context,
        Func<IEventSession, MigrationDecision, Task> enlist,
        CancellationToken cancellationToken)
    {
        try
        {
            return await stream.ExecuteAsync(
                migration,
                command,
                context,
                async (session, decision) =>
                {
                    await enlist(session, decision);
                    if (RequestStore.Record(context.RequestId, order, decision.Version) is { } record)
                    {
                        session.Enlist(record);
                    }
                },
                cancellationToken);
        }
        catch (PostgresException duplicate) when (duplicate is { SqlState: PostgresErrorCodes.UniqueViolation, TableName: "request" })
        {
            return await requests.FindAsync(context.RequestId, order, cancellationToken)
                ?? throw new InvalidOperationException("A request was recorded and is gone again.", duplicate);
        }
    }
}
