namespace Coordinator.EventStore.Appending;

/// <summary>A stream was not at the version that the append expected. Nothing was saved.</summary>
public sealed class EventStreamUnexpectedMaxEventIdException : ConcurrencyException
{
    internal EventStreamUnexpectedMaxEventIdException(
        string streamKey, long expectedVersion, long? actualVersion, Exception? innerException = null)
        : base(Describe(streamKey, expectedVersion, actualVersion), innerException)
    {
        StreamKey = streamKey;
        ExpectedVersion = expectedVersion;
        ActualVersion = actualVersion;
    }

    /// <summary>The stream.</summary>
    public string StreamKey { get; }

    /// <summary>The version that the append expected; 0 for a stream that must not exist.</summary>
    public long ExpectedVersion { get; }

    /// <summary>The version found, 0 when the stream does not exist, null when it is not known.</summary>
    public long? ActualVersion { get; }

    private static string Describe(string key, long expected, long? actual) => actual switch
    {
        null => $"Stream '{key}' was expected at version {expected}, but another writer got there first.",
        0 => $"Stream '{key}' was expected at version {expected}, but it does not exist.",
        _ => $"Stream '{key}' was expected at version {expected}, but it is at {actual}.",
    };
}
