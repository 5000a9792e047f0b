namespace Coordinator.Engine.Verification;

/// <summary>Where a verification is. The numbers are stored.</summary>
public enum VerificationState
{
    /// <summary>It reads, or waits until it may.</summary>
    Running = 0,

    /// <summary>It came to its end and no row differs.</summary>
    Good = 1,

    /// <summary>It came to its end and rows differ.</summary>
    Different = 2,

    /// <summary>It was broken off; the next one begins anew.</summary>
    BrokenOff = 3,
}
