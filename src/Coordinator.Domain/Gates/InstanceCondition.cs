namespace Coordinator.Domain.Gates;

public enum InstanceCondition
{
    /// <summary>Its lease holds.</summary>
    Live,

    /// <summary>Its lease lapsed without a goodbye: it may be paused, not gone.</summary>
    Suspected,
}
