namespace Coordinator.Engine.Verification;

/// <summary>What is known about one verify step: the pass that was begun last, and the one that came to its end last.</summary>
public sealed record VerificationRow
{
    /// <summary>The step.</summary>
    public required string Step { get; init; }

    /// <summary>Its table.</summary>
    public required string Table { get; init; }

    /// <summary>Where the last pass is.</summary>
    public required VerificationState State { get; init; }

    /// <summary>Table blocks that it has read, on all shards.</summary>
    public required long DoneBlocks { get; init; }

    /// <summary>Table blocks that it has to read; 0 before they are measured.</summary>
    public required long TotalBlocks { get; init; }

    /// <summary>Rows that it found to differ so far.</summary>
    public required long Differences { get; init; }

    /// <summary>What the load makes it wait for; empty while it reads.</summary>
    public required string Held { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>The rows that the last pass found that came to its end; null when none has.</summary>
    public long? Found { get; init; }

    /// <summary>Some of those rows, by key or place.</summary>
    public string Examples { get; init; } = "";

    /// <summary>When that pass ended; null when none has.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>How long it took.</summary>
    public TimeSpan Took { get; init; }

    /// <summary>Whether a trigger kept every write in sync while it ran: then, and only then, it also speaks of the time since.</summary>
    public bool Guarded { get; init; }

    /// <summary>What table and trigger were like, shard by shard, as stored; null when none has come to its end.</summary>
    internal string? Evidence { get; init; }
}
