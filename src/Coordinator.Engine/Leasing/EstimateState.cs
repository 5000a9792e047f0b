namespace Coordinator.Engine.Leasing;

/// <summary>What can be said about the time that a backfill still needs.</summary>
public enum EstimateState
{
    /// <summary>Nothing: it has not moved for the last seconds.</summary>
    Unknown,

    /// <summary>An estimate from the present rate.</summary>
    Estimated,

    /// <summary>Nothing, because nothing is granted now: a signal of the target, or quiet hours.</summary>
    Throttled,

    /// <summary>Nothing, because it is paused.</summary>
    Paused,

    /// <summary>It is finished.</summary>
    Finished,
}
