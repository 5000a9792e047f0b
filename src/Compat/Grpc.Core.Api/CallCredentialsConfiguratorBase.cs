namespace Grpc.Core;

/// <summary>Learns what <see cref="CallCredentials"/> consist of. For gRPC implementations.</summary>
public abstract class CallCredentialsConfiguratorBase
{
    /// <summary>The credentials are composed of these, in this order.</summary>
    public abstract void SetCompositeCredentials(object? state, IReadOnlyList<CallCredentials> credentials);

    /// <summary>The credentials are a function that adds headers.</summary>
    public abstract void SetAsyncAuthInterceptorCredentials(object? state, AsyncAuthInterceptor interceptor);
}
