using Npgsql;

namespace Coordinator.EventStore.Projections;

/// <summary>
/// An event's time as a parameter for a projection's statement: null while the event is being appended, its timestamp
/// when it is replayed. Written as <c>coalesce($n, now())</c> it gives the same value in both, because an event's
/// timestamp is <c>now()</c> of the transaction that appends it.
/// </summary>
public static class ProjectionTimestamp
{
    /// <summary>The parameter for one event.</summary>
    public static NpgsqlParameter Parameter(IEvent @event)
    {
        ArgumentNullException.ThrowIfNull(@event);
        return SqlParameter.Time(@event.Timestamp == default ? null : @event.Timestamp);
    }
}
