namespace Coordinator.EventStore;

/// <summary>The one implementation of the envelope, for events that are read and events that are being appended.</summary>
internal sealed record EventEnvelope : IEvent
{
    internal static readonly IReadOnlyDictionary<string, string> NoHeaders = new Dictionary<string, string>();

    public required Guid Id { get; init; }

    public long Sequence { get; init; }

    public required long Version { get; init; }

    public required string StreamKey { get; init; }

    public required object Data { get; init; }

    public DateTimeOffset Timestamp { get; init; }

    public required string EventTypeName { get; init; }

    public string? DotNetTypeName { get; init; }

    public string? CorrelationId { get; init; }

    public string? CausationId { get; init; }

    public string? UserName { get; init; }

    public IReadOnlyDictionary<string, string> Headers { get; init; } = NoHeaders;

    public bool IsArchived { get; init; }
}
