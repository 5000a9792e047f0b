namespace Coordinator.Domain.Backfills;

/// <summary>One reading of one signal of a target's load.</summary>
public sealed record LoadSignal
{
    /// <summary>Its stable name, for example <c>replica_lag</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What was read; null when it could not be read, or when there is nothing to read (no replica, no archive).</summary>
    public double? Reading { get; init; }

    /// <summary>From here on nothing is added; null when the signal has no say.</summary>
    public double? Soft { get; init; }

    /// <summary>From here on one is taken away, from twice of it half.</summary>
    public double? Hard { get; init; }

    /// <summary>The unit, for people: <c>s</c>, <c>ms</c>, <c>B</c>, <c>B/s</c>, or empty.</summary>
    public string Unit { get; init; } = "";

    /// <summary>What it means, for people, without the numbers: <c>a replica is behind</c>.</summary>
    public string Meaning { get; init; } = "";

    /// <summary>Whether it may stop the backfill: at its extreme the last batch is taken away too.</summary>
    public bool CanStop { get; init; }

    /// <summary>Whether it is a plain no, as a user's own check gives it.</summary>
    public bool SaysStop { get; init; }

    /// <summary>Why it could not be read; null when it was.</summary>
    public string? Problem { get; init; }

    /// <summary>Whether it has not been read for so long that nothing may go on without it.</summary>
    public bool Stale { get; init; }

    /// <summary>Where the reading stands.</summary>
    public LoadZone Zone => this switch
    {
        { SaysStop: true } or { Stale: true } => LoadZone.Stop,
        { Problem: not null } => LoadZone.Unknown,
        { Soft: null } or { Hard: null } => LoadZone.Shown,
        { Reading: null } => LoadZone.Low,
        _ when double.IsNaN(Reading.Value) => LoadZone.Unknown,
        _ when Reading < Soft => LoadZone.Low,
        _ when Reading < Hard => LoadZone.Middle,
        _ when Reading < 2 * Hard => LoadZone.High,
        _ => LoadZone.Extreme,
    };

    /// <summary>The threshold that explains the zone; null when none does.</summary>
    public double? Threshold => Zone switch
    {
        LoadZone.Middle or LoadZone.Low => Soft,
        LoadZone.High => Hard,
        LoadZone.Extreme => 2 * Hard,
        _ => null,
    };
}
