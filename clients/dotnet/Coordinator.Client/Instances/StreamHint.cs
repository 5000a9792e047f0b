namespace Coordinator.Client.Instances;

/// <summary>What Coordinator said on a stream without being asked.</summary>
/// <param name="LeaveWithin">Its replica is about to stop: go to another one within this time. Null: it is not.</param>
/// <param name="Interval">The new interval between heartbeats. Null: the old one.</param>
internal sealed record StreamHint(TimeSpan? LeaveWithin, TimeSpan? Interval);
