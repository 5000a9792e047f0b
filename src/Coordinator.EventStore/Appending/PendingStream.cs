namespace Coordinator.EventStore.Appending;

/// <summary>What a session will do to one stream.</summary>
internal sealed class PendingStream(string key)
{
    public string Key => key;

    /// <summary>The version that the stream must have; null when the caller asked for no check.</summary>
    public long? Expected { get; set; }

    /// <summary>The caller said "start": an existing stream is a collision, not a conflict of versions.</summary>
    public bool MustBeNew { get; set; }

    /// <summary>The stream's type, should this append start it.</summary>
    public string? AggregateAlias { get; set; }

    public int EventCount { get; set; }

    public bool Archive { get; set; }
}
