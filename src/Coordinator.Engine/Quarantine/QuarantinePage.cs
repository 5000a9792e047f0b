namespace Coordinator.Engine.Quarantine;

/// <summary>Some of a migration's rows in quarantine, by shard, step and hash.</summary>
/// <param name="Rows">The rows of this page.</param>
/// <param name="NextToken">Asks for the next page; empty on the last.</param>
/// <param name="Open">How many rows nobody waived, on all pages.</param>
/// <param name="Waived">How many were waived.</param>
public sealed record QuarantinePage(IReadOnlyList<ShardRow> Rows, string NextToken, long Open, long Waived);
