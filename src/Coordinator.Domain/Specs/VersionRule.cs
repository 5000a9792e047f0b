namespace Coordinator.Domain.Specs;

/// <summary>
/// The first version of an application that reads the new structure, and the first that no longer touches the old one.
/// Equal when triggers keep the two in sync.
/// </summary>
public sealed record VersionRule(long UsesNewFrom, long FreeOfOldFrom);
