namespace Coordinator.EventStore.Reading;

/// <summary>A stream without its events.</summary>
/// <param name="Key">The stream.</param>
/// <param name="Version">The version of its last event.</param>
/// <param name="AggregateAlias">The alias that it was started with, if any.</param>
/// <param name="Created">When it was started.</param>
/// <param name="LastTimestamp">When it was last appended to.</param>
/// <param name="IsArchived">Whether it takes no more events.</param>
public sealed record StreamState(
    string Key,
    long Version,
    string? AggregateAlias,
    DateTimeOffset Created,
    DateTimeOffset LastTimestamp,
    bool IsArchived);
