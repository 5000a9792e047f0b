namespace Coordinator.Engine.Leasing;

/// <summary>Whether batches are handed out. The numbers are stored.</summary>
public enum BackfillRowState
{
    /// <summary>They are.</summary>
    Running = 0,

    /// <summary>They are not, until it is resumed.</summary>
    Paused = 1,

    /// <summary>There are none left.</summary>
    Finished = 2,
}
