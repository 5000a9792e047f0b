namespace Coordinator.EventStore;

/// <summary>An event with its envelope. The body is <see cref="Data"/>; all the rest belongs to the store.</summary>
public interface IEvent
{
    /// <summary>The event's own id.</summary>
    public Guid Id { get; }

    /// <summary>The place in the whole log; 0 while the event is being appended.</summary>
    public long Sequence { get; }

    /// <summary>The place in the stream, from 1.</summary>
    public long Version { get; }

    /// <summary>The stream.</summary>
    public string StreamKey { get; }

    /// <summary>The body, upcast to the type that the program knows today.</summary>
    public object Data { get; }

    /// <summary>
    /// The start of the appending transaction by the database's clock. While the event is being appended it is not
    /// known, and default: a statement writes <c>now()</c> then.
    /// </summary>
    public DateTimeOffset Timestamp { get; }

    /// <summary>The stored alias, as it was written.</summary>
    public string EventTypeName { get; }

    /// <summary>The writer's CLR type, for readers outside; this store never loads a type by it.</summary>
    public string? DotNetTypeName { get; }

    /// <summary>What the event belongs to, such as a request.</summary>
    public string? CorrelationId { get; }

    /// <summary>What caused the event, such as a command or another event.</summary>
    public string? CausationId { get; }

    /// <summary>Who caused it.</summary>
    public string? UserName { get; }

    /// <summary>Free metadata; empty when there is none.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; }

    /// <summary>Whether the stream was archived.</summary>
    public bool IsArchived { get; }
}
