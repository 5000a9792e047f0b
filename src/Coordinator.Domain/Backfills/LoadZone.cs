namespace Coordinator.Domain.Backfills;

/// <summary>Where a signal's reading stands, from what lets a backfill go faster to what stops it.</summary>
public enum LoadZone
{
    /// <summary>It is shown and has no say.</summary>
    Shown,

    /// <summary>Below its soft threshold.</summary>
    Low,

    /// <summary>Between its thresholds.</summary>
    Middle,

    /// <summary>It could not be read: nobody knows, so nothing grows.</summary>
    Unknown,

    /// <summary>At or above its hard threshold.</summary>
    High,

    /// <summary>At or above twice its hard threshold.</summary>
    Extreme,

    /// <summary>It says stop, or nobody has been able to read it for too long.</summary>
    Stop,
}
