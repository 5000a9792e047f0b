namespace Coordinator.Domain.Applications;

public enum PopulationKind
{
    /// <summary>A known number of instances runs.</summary>
    Count,

    /// <summary>Instances are found from their database connections; no number is asked for.</summary>
    Observed,

    /// <summary>No instance is expected, at least not now.</summary>
    None,
}
