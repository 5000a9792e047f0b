using Coordinator.Domain.Migrations;

namespace Coordinator.Server.Readiness;

/// <summary>A blocker, with the question that it belongs to where several were asked; null where one was.</summary>
internal sealed record AskedBlocker(Blocker Blocker, string? Question);
