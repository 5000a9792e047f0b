namespace Coordinator.Domain.Migrations;

/// <summary>
/// One fact that keeps a gate shut: a stable code, whom it is about (<c>shop-api/7f</c>), what is, and what would clear it.
/// </summary>
public sealed record Blocker(string Code, string Subject, string Message, string ClearedBy);
