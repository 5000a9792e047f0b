using Coordinator.Domain;
using Coordinator.Domain.Migrations;
using Coordinator.EventStore;
using Coordinator.EventStore.Appending;

namespace Coordinator.Engine.Migrations;

/// <summary>
/// The one write path of migrations: load the stream at a version, decide, append expecting that version; on a conflict
/// decide again. Side effects that belong to the decision are enlisted into the same transaction.
/// </summary>
internal sealed class MigrationStream(IEventStore store)
{
    // A conflict means that somebody else decided; more than a handful in a row means that something is wrong.
    private const int MaxAttempts = 10;

    public static string Key(string name) => $"migration-{name}";

    /// <summary>The migration now and its version; version 0 when there is none.</summary>
    public async Task<(MigrationState State, long Version)> LoadAsync(
        string name, CancellationToken cancellationToken, long version = 0)
    {
        var aggregate = await store.Query.AggregateStreamAsync<MigrationState>(
            Key(name), version, timestamp: null, cancellationToken);
        return aggregate is null ? (MigrationState.Initial, 0) : (aggregate.State, aggregate.Version);
    }

    /// <summary>Carries out one command and returns the version that it led to.</summary>
    /// <param name="name">The migration.</param>
    /// <param name="command">The command.</param>
    /// <param name="context">Who asks.</param>
    /// <param name="enlist">Adds what belongs to the same transaction; is told the events, none for a repeat.</param>
    /// <param name="cancellationToken">Gives up between attempts.</param>
    /// <exception cref="EngineException">The domain refused.</exception>
    public async Task<long> ExecuteAsync(
        string name,
        MigrationCommand command,
        RequestContext context,
        Func<IEventSession, MigrationDecision, Task>? enlist,
        CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var (state, version) = await LoadAsync(name, cancellationToken);
            var decision = MigrationDecider.Decide(command, state);
            if (decision is Decision<MigrationEvent>.Rejected rejected)
            {
                throw new EngineException(rejected.Rejection);
            }

            var events = ((Decision<MigrationEvent>.Accepted)decision).Events;
            var reached = version + events.Count;
            try
            {
                await using var session = store.OpenSession(Metadata(context));
                if (events.Count > 0)
                {
                    session.AppendExpecting<MigrationState>(Key(name), version, [.. events]);
                }

                if (enlist is not null)
                {
                    await enlist(session, new MigrationDecision(state, events, reached));
                }

                await session.SaveChangesAsync(cancellationToken);
                return reached;
            }
            catch (ConcurrencyException) when (attempt < MaxAttempts)
            {
                // Somebody else appended first: the decision is taken again on what is now the case.
            }
        }
    }

    internal static SessionMetadata Metadata(RequestContext context) => new(
        context.CorrelationId ?? context.RequestId?.ToString(), CausationId: null, context.Actor, Headers: null);
}
