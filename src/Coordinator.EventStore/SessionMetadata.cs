namespace Coordinator.EventStore;

/// <summary>Stored with every event of a session: where it came from, and who.</summary>
public sealed record SessionMetadata(
    string? CorrelationId = null,
    string? CausationId = null,
    string? UserName = null,
    IReadOnlyDictionary<string, string>? Headers = null);
