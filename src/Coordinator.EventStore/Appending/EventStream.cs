using Coordinator.EventStore.Registry;

namespace Coordinator.EventStore.Appending;

internal sealed class EventStream<T>(
    string key,
    long version,
    IReadOnlyList<IEvent> events,
    AggregateDefinition<T> definition,
    UnitOfWork work)
    : IEventStream<T>
    where T : class
{
    private int _appended;

    public string Key => key;

    public T? Aggregate => version == 0 ? null : State;

    public T State { get; } = definition.Fold(events);

    public long StartingVersion => version;

    public long CurrentVersion => version + _appended;

    public IReadOnlyList<IEvent> Events => events;

    public void AppendOne(object data) => AppendMany([data]);

    public void AppendMany(IEnumerable<object> events)
    {
        IReadOnlyList<object> appended = [.. events];
        work.AppendExpecting(key, CurrentVersion, definition.Alias, appended);
        _appended += appended.Count;
    }
}
