namespace Coordinator.Engine.Targets;

/// <summary>The two thresholds of a signal. Without them (in configuration: left empty) it is shown, and has no say.</summary>
public sealed class PaceThresholds
{
    /// <summary>From here on nothing is added.</summary>
    public double? Soft { get; set; }

    /// <summary>From here on one batch at a time is taken away; from twice of it half of them.</summary>
    public double? Hard { get; set; }
}
