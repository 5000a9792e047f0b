using Coordinator.EventStore.Projections;
using Coordinator.EventStore.Registry;

namespace Coordinator.EventStore;

/// <summary>What an event store is made of. The store copies the values when it is created.</summary>
public sealed class EventStoreOptions
{
    /// <summary>The schema of Marten's tables.</summary>
    public string SchemaName { get; set; } = "coordinator_events";

    /// <summary>The event and aggregate types that the program knows.</summary>
    public EventRegistry Registry { get; set; } = new();

    /// <summary>Projections that are written in the appending transaction, in this order.</summary>
    public IReadOnlyList<IInlineProjection> InlineProjections { get; set; } = [];
}
