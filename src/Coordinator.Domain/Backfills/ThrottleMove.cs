namespace Coordinator.Domain.Backfills;

/// <summary>What a look at the load led to.</summary>
public enum ThrottleMove
{
    /// <summary>One more batch may run at once.</summary>
    Grow,

    /// <summary>As many run as may, or as are asked for.</summary>
    Full,

    /// <summary>It stays as it is.</summary>
    Hold,

    /// <summary>One less.</summary>
    Drop,

    /// <summary>Half as many.</summary>
    Halve,

    /// <summary>Nothing is granted.</summary>
    Stop,
}
