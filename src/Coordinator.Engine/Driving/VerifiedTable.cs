using Coordinator.Domain.Plans;

namespace Coordinator.Engine.Driving;

/// <summary>A table on one shard that was verified, with the trigger that guards it since, and what both were like then.</summary>
internal sealed record VerifiedTable(string Shard, TableRef Table, string Trigger, string Hash);
