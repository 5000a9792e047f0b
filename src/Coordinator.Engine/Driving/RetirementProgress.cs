namespace Coordinator.Engine.Driving;

/// <summary>What one run of the gate has done behind a retirement already; forgetting it costs nothing but doing it again.</summary>
internal sealed class RetirementProgress
{
    /// <summary>Whether the target was told the intervals that hold since the retirement.</summary>
    public bool AdmissionWritten { get; set; }
}
