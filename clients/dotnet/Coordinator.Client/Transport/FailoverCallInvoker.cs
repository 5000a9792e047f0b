using Grpc.Core;

namespace Coordinator.Client.Transport;

/// <summary>
/// Sends calls to the current address and goes on with the next one when it is unavailable. A request is repeated as it
/// is, so its request id stays the same and the service answers a repeat with the first outcome. A stream is opened
/// again only until its first message; after that its owner has to decide.
/// </summary>
internal sealed class FailoverCallInvoker(FailoverCalls calls) : CallInvoker
{
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        using var call = AsyncUnaryCall(method, host, options, request);
        return call.ResponseAsync.GetAwaiter().GetResult();
    }

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        new FailoverUnaryCall<TRequest, TResponse>(calls, method, host, calls.Complete(options, unary: true), request)
            .Start();

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        new FailoverServerStream<TRequest, TResponse>(
            calls, method, host, calls.Complete(options, unary: false), request).Start();

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var endpoint = calls.Endpoints.Current;
        var completed = calls.Complete(options, unary: false);
        var call = endpoint.Invoker.AsyncClientStreamingCall(method, host, completed);
        return new AsyncClientStreamingCall<TRequest, TResponse>(
            call.RequestStream,
            ObserveAsync(call.ResponseAsync, endpoint, completed.CancellationToken),
            call.ResponseHeadersAsync,
            call.GetStatus,
            call.GetTrailers,
            call.Dispose);
    }

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var endpoint = calls.Endpoints.Current;
        var completed = calls.Complete(options, unary: false);
        var call = endpoint.Invoker.AsyncDuplexStreamingCall(method, host, completed);
        return new AsyncDuplexStreamingCall<TRequest, TResponse>(
            call.RequestStream,
            new ObservedStreamReader<TResponse>(call.ResponseStream, calls, endpoint, completed.CancellationToken),
            call.ResponseHeadersAsync,
            call.GetStatus,
            call.GetTrailers,
            call.Dispose);
    }

    private async Task<TResponse> ObserveAsync<TResponse>(
        Task<TResponse> response, Endpoint endpoint, CancellationToken cancellationToken)
    {
        try
        {
            return await response.ConfigureAwait(false);
        }
        catch (RpcException exception)
        {
            calls.Observe(endpoint, exception);
            throw FailoverCalls.Translate(exception, cancellationToken);
        }
    }
}
