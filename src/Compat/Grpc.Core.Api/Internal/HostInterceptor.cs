using Grpc.Core.Interceptors;

namespace Grpc.Core;

/// <summary>Sets the host of every call of a client made by <see cref="ClientBase{T}.WithHost"/>.</summary>
internal sealed class HostInterceptor(string host) : ContextInterceptor
{
    protected override ClientInterceptorContext<TRequest, TResponse> Change<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context) =>
        new(context.Method, host, context.Options);
}
