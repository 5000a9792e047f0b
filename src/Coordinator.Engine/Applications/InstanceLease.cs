namespace Coordinator.Engine.Applications;

/// <summary>An acknowledgement: the instance's version is on disk, and it counts as alive for a while.</summary>
/// <param name="Duration">For how long, counted from when the instance sent its report.</param>
/// <param name="HeartbeatInterval">When to report again.</param>
public sealed record InstanceLease(TimeSpan Duration, TimeSpan HeartbeatInterval);
