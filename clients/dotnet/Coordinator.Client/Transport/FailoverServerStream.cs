using Grpc.Core;

namespace Coordinator.Client.Transport;

/// <summary>A server stream that is opened at another address when the first one fails before its first message.</summary>
internal sealed class FailoverServerStream<TRequest, TResponse> : IAsyncStreamReader<TResponse>
    where TRequest : class
    where TResponse : class
{
    private readonly FailoverCalls _calls;
    private readonly Method<TRequest, TResponse> _method;
    private readonly string? _host;
    private readonly CallOptions _options;
    private readonly TRequest _request;
    private Endpoint _endpoint;
    private AsyncServerStreamingCall<TResponse> _call;
    private bool _begun;

    public FailoverServerStream(
        FailoverCalls calls, Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        _calls = calls;
        _method = method;
        _host = host;
        _options = options;
        _request = request;
        (_endpoint, _call) = Open();
    }

    public TResponse Current => _call.ResponseStream.Current;

    public AsyncServerStreamingCall<TResponse> Start() => new(
        this,
        _call.ResponseHeadersAsync,
        () => _call.GetStatus(),
        () => _call.GetTrailers(),
        () => _call.Dispose());

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var more = await _call.ResponseStream.MoveNext(cancellationToken).ConfigureAwait(false);
                _begun = true;
                return more;
            }
            catch (RpcException exception)
            {
                if (_calls.PauseAfter(_endpoint, exception, attempt, _options) is not { } pause || _begun)
                {
                    throw FailoverCalls.Translate(
                        exception,
                        cancellationToken.IsCancellationRequested ? cancellationToken : _options.CancellationToken);
                }

                await _calls.PauseAsync(pause, cancellationToken).ConfigureAwait(false);
            }

            _call.Dispose();
            (_endpoint, _call) = Open();
        }
    }

    private (Endpoint Endpoint, AsyncServerStreamingCall<TResponse> Call) Open()
    {
        var endpoint = _calls.Endpoints.Current;
        return (endpoint, endpoint.Invoker.AsyncServerStreamingCall(_method, _host, _options, _request));
    }
}
