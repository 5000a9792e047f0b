using Coordinator.Postgres.Quarantine;

namespace Coordinator.Engine.Quarantine;

/// <summary>A row in quarantine, and the shard that it is on.</summary>
public sealed record ShardRow(string Shard, QuarantinedRow Row);
