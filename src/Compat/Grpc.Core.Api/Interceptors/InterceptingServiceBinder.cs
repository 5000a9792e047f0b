namespace Grpc.Core.Interceptors;

/// <summary>Gives the methods of a service to the inner binder, each with an interceptor around its handler.</summary>
internal sealed class InterceptingServiceBinder(ServiceBinderBase inner, Interceptor interceptor) : ServiceBinderBase
{
    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        UnaryServerMethod<TRequest, TResponse> intercepted =
            (request, context) => interceptor.UnaryServerHandler(request, context, handler);
        inner.AddMethod(method, intercepted);
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        ClientStreamingServerMethod<TRequest, TResponse> intercepted =
            (requests, context) => interceptor.ClientStreamingServerHandler(requests, context, handler);
        inner.AddMethod(method, intercepted);
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        ServerStreamingServerMethod<TRequest, TResponse> intercepted = (request, responses, context) =>
            interceptor.ServerStreamingServerHandler(request, responses, context, handler);
        inner.AddMethod(method, intercepted);
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        DuplexStreamingServerMethod<TRequest, TResponse> intercepted = (requests, responses, context) =>
            interceptor.DuplexStreamingServerHandler(requests, responses, context, handler);
        inner.AddMethod(method, intercepted);
    }
}
