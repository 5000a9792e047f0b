using Npgsql;

namespace Coordinator.EventStore.Projections;

/// <summary>
/// A table that is written in the same transaction as the events. Its statements must depend only on the events and on
/// its own table, so that a rebuild ends where the live projection is; rows that several streams write must not depend
/// on the order between those streams.
/// </summary>
public interface IInlineProjection
{
    /// <summary>The projection's name, unique in the store.</summary>
    public string Name { get; }

    /// <summary>
    /// The statements for events that are being appended (see <see cref="IEvent.Timestamp"/>) or replayed.
    /// <see cref="ProjectionTimestamp"/> gives a time that is the same in both.
    /// </summary>
    public IEnumerable<NpgsqlBatchCommand> Project(IReadOnlyList<IEvent> events);

    /// <summary>The statements that empty the projection.</summary>
    public IEnumerable<NpgsqlBatchCommand> Reset();
}
