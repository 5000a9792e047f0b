namespace Coordinator.Engine;

/// <summary>Who asked for a command, and under which ids; it goes into the metadata of every event that results.</summary>
/// <param name="Actor">The caller's identity, for people.</param>
/// <param name="RequestId">The caller's id of the request; a repeat of it returns the first outcome.</param>
/// <param name="CorrelationId">Joins everything that one action of a caller caused.</param>
public sealed record RequestContext(string Actor, Guid? RequestId = null, string? CorrelationId = null);
