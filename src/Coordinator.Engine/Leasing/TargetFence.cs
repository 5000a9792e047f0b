namespace Coordinator.Engine.Leasing;

/// <summary>What a batch must find in its target to take effect: the fence's generation and the server's incarnation.</summary>
/// <param name="Generation">Raised by pause, abort, another pass and contract.</param>
/// <param name="SystemIdentifier">The target's system identifier.</param>
/// <param name="Timeline">8 hexadecimal digits; another one after a failover.</param>
public sealed record TargetFence(long Generation, long SystemIdentifier, string Timeline);
