namespace Grpc.Core;

/// <summary>
/// Stands for the context of a server call, from <see cref="ServerCallContext.CreatePropagationToken"/>. Only the gRPC
/// implementation that made it can read it.
/// </summary>
public abstract class ContextPropagationToken
{
    internal ContextPropagationToken()
    {
    }
}
