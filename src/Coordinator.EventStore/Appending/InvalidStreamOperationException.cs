namespace Coordinator.EventStore.Appending;

/// <summary>The stream is archived, and an archived stream takes no events. Nothing was saved.</summary>
public sealed class InvalidStreamOperationException(string streamKey, Exception? innerException = null)
    : Exception($"Stream '{streamKey}' is archived and takes no more events.", innerException)
{
    /// <summary>The stream.</summary>
    public string StreamKey { get; } = streamKey;
}
