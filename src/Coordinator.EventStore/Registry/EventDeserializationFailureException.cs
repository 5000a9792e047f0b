namespace Coordinator.EventStore.Registry;

/// <summary>A stored body does not fit the type that its alias is registered for, or its upcaster failed.</summary>
public sealed class EventDeserializationFailureException(string eventType, long sequence, Exception innerException)
    : Exception($"The body of event {sequence} ('{eventType}') cannot be read: {innerException.Message}", innerException)
{
    /// <summary>The event's alias.</summary>
    public string EventType { get; } = eventType;

    /// <summary>The event's place in the log.</summary>
    public long Sequence { get; } = sequence;
}
