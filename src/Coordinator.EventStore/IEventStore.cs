using Coordinator.EventStore.Projections;

namespace Coordinator.EventStore;

/// <summary>
/// An event log in Marten's own table layout. One instance per database, safe for concurrent use; the sessions that it
/// opens are units of work for one caller each.
/// </summary>
public interface IEventStore
{
    /// <summary>Reads that belong to no unit of work.</summary>
    public IQueryEvents Query { get; }

    /// <summary>
    /// Creates what is missing and changes nothing that is there. Several replicas may call it at once, and a role
    /// without the right to create anything may call it when everything exists.
    /// </summary>
    public Task EnsureSchemaAsync(CancellationToken cancellationToken);

    /// <summary>Opens a unit of work. It takes no connection before it reads or saves.</summary>
    public IEventSession OpenSession(SessionMetadata? metadata = null);

    /// <summary>
    /// The highest sequence number below which no event can appear any more. A missing number below a present one is
    /// passed only when every transaction that ran when it was first seen has ended, never because time went by.
    /// </summary>
    public Task<long> HighWaterMarkAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Empties a projection and fills it again from the whole log in one transaction. Appends wait meanwhile, so the
    /// result is what a live projection would hold at that moment.
    /// </summary>
    public Task RebuildAsync(IInlineProjection projection, CancellationToken cancellationToken);
}
