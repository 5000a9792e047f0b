namespace Coordinator.EventStore.Reading;

/// <summary>A folded stream and the version of the last event in it.</summary>
public sealed record StreamAggregate<T>(T State, long Version)
    where T : class;
