namespace Coordinator.Client.Instances;

/// <summary>An acknowledged heartbeat.</summary>
/// <param name="SentAt">The timestamp of the monotonic clock just before it was sent for the first time.</param>
/// <param name="LeaseDuration">How long the lease lasts from then.</param>
/// <param name="Interval">When to send the next one.</param>
internal readonly record struct HeartbeatAck(long SentAt, TimeSpan LeaseDuration, TimeSpan Interval);
