namespace Coordinator.EventStore.Registry;

/// <summary>
/// An event's alias or type is not registered. On reading this usually means that a newer program wrote it: it is never
/// skipped, because what follows cannot be judged without it.
/// </summary>
public sealed class UnknownEventTypeException(string eventType)
    : Exception($"Event type '{eventType}' is not registered.")
{
    /// <summary>The alias that was read, or the CLR type that was to be written.</summary>
    public string EventType { get; } = eventType;
}
