namespace Coordinator.EventStore.Appending;

/// <summary>A stream that was to be started exists already. Nothing was saved.</summary>
public sealed class ExistingStreamIdCollisionException(string streamKey, Exception? innerException = null)
    : Exception($"Stream '{streamKey}' exists already.", innerException)
{
    /// <summary>The stream.</summary>
    public string StreamKey { get; } = streamKey;
}
