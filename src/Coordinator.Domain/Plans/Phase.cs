namespace Coordinator.Domain.Plans;

/// <summary>The three phases of a change: additive, then filling and checking, then (after the gate) removing what is old.</summary>
public enum Phase
{
    Expand,
    Migrate,
    Contract,
}
