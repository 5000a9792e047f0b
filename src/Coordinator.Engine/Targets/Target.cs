namespace Coordinator.Engine.Targets;

/// <summary>A configured target.</summary>
public sealed record Target(
    string Name,
    IReadOnlyList<TargetShard> Shards,
    IReadOnlyList<string> WorkerRoles,
    IReadOnlyList<string> IgnoredRoles,
    PaceOptions Pace);
