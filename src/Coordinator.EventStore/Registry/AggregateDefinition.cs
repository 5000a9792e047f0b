namespace Coordinator.EventStore.Registry;

/// <summary>How a stream is folded, and the alias that a stream of this kind is started with.</summary>
internal sealed record AggregateDefinition<T>(string Alias, Func<T> Initial, Func<T, object, T> Evolve)
    where T : class
{
    /// <summary>The state after the events; the initial state after none.</summary>
    public T Fold(IEnumerable<IEvent> events) =>
        events.Aggregate(Initial(), (state, @event) => Evolve(state, @event.Data));
}
