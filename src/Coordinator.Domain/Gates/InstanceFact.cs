namespace Coordinator.Domain.Gates;

/// <summary>What is known of one registered instance. Ages are the coordination database's, never two machines' clocks compared.</summary>
public sealed record InstanceFact(
    string Application,
    string Instance,
    long Version,
    InstanceCondition Condition,
    TimeSpan SinceLastSeen);
