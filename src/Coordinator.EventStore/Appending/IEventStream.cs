using System.Diagnostics.CodeAnalysis;

namespace Coordinator.EventStore.Appending;

/// <summary>A stream that was read for a decision. What is appended here is saved with the session, at the version read.</summary>
[SuppressMessage("Naming", "CA1711", Justification = "A stream of events; the name is Marten's.")]
public interface IEventStream<out T>
    where T : class
{
    /// <summary>The stream's key.</summary>
    public string Key { get; }

    /// <summary>The folded state; null when the stream does not exist.</summary>
    public T? Aggregate { get; }

    /// <summary>The folded state, or the aggregate's initial state when the stream does not exist.</summary>
    public T State { get; }

    /// <summary>The version that was read; 0 when the stream does not exist.</summary>
    public long StartingVersion { get; }

    /// <summary>The version after the events appended so far.</summary>
    public long CurrentVersion { get; }

    /// <summary>The events that were read, in order.</summary>
    public IReadOnlyList<IEvent> Events { get; }

    /// <summary>Queues one event.</summary>
    public void AppendOne(object data);

    /// <summary>Queues events; none is no work.</summary>
    public void AppendMany(IEnumerable<object> events);
}
