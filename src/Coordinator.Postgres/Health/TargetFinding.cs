namespace Coordinator.Postgres.Health;

/// <summary>One thing that was looked at: a stable code, what is there, and what to do about it (empty where nothing).</summary>
public sealed record TargetFinding(FindingSeverity Severity, string Code, string Message, string Remedy);
