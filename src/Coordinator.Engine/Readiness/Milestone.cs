namespace Coordinator.Engine.Readiness;

/// <summary>A point that a migration passes.</summary>
public enum Milestone
{
    /// <summary>The new structure is there and kept in sync.</summary>
    Expanded,

    /// <summary>It is filled, verified and validated: versions that need it may be deployed.</summary>
    Backfilled,

    /// <summary>The gate is open: nothing but the contract itself is left.</summary>
    Contractable,

    /// <summary>The old structure is gone.</summary>
    Completed,
}
