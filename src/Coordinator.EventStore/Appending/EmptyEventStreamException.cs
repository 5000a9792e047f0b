namespace Coordinator.EventStore.Appending;

/// <summary>A stream was to be started without events; a stream without events is none.</summary>
public sealed class EmptyEventStreamException(string streamKey)
    : Exception($"Stream '{streamKey}' cannot be started without events.")
{
    /// <summary>The stream.</summary>
    public string StreamKey { get; } = streamKey;
}
