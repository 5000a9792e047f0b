namespace Coordinator.Engine.Leasing;

/// <summary>One shard of a backfill.</summary>
internal readonly record struct BackfillKey(string Migration, string Shard, string Step);
