using Grpc.Core;

namespace Coordinator.Client.Transport;

/// <summary>One unary call with all its attempts.</summary>
internal sealed class FailoverUnaryCall<TRequest, TResponse>
    where TRequest : class
    where TResponse : class
{
    private readonly FailoverCalls _calls;
    private readonly Method<TRequest, TResponse> _method;
    private readonly string? _host;
    private readonly CallOptions _options;
    private readonly TRequest _request;
    private readonly CancellationTokenSource _disposed;
    private readonly TaskCompletionSource<Metadata> _headers = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private AsyncUnaryCall<TResponse>? _attempt;

    public FailoverUnaryCall(
        FailoverCalls calls, Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        _calls = calls;
        _method = method;
        _host = host;
        _request = request;
        _disposed = CancellationTokenSource.CreateLinkedTokenSource(options.CancellationToken);
        _options = options.WithCancellationToken(_disposed.Token);
    }

    public AsyncUnaryCall<TResponse> Start() => new(
        RunAsync(),
        _headers.Task,
        () => Attempt.GetStatus(),
        () => Attempt.GetTrailers(),
        Dispose);

    private AsyncUnaryCall<TResponse> Attempt =>
        Volatile.Read(ref _attempt) ?? throw new InvalidOperationException("The call has not been started yet.");

    private async Task<TResponse> RunAsync()
    {
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                var endpoint = _calls.Endpoints.Current;
                try
                {
                    return await SendAsync(endpoint).ConfigureAwait(false);
                }
                catch (RpcException exception)
                {
                    if (_calls.PauseAfter(endpoint, exception, attempt, _options) is not { } pause)
                    {
                        throw FailoverCalls.Translate(exception, _options.CancellationToken);
                    }

                    await _calls.PauseAsync(pause, _options.CancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (Exception exception)
        {
            // Whoever waits for the headers gets the same failure; nobody has to, so it must not count as unobserved.
            _headers.TrySetException(exception);
            _ = _headers.Task.Exception;
            throw;
        }
        finally
        {
            // Many callers never dispose a unary call; a registration on their token must not outlive it all the same.
            _disposed.Dispose();
        }
    }

    private async Task<TResponse> SendAsync(Endpoint endpoint)
    {
        var call = endpoint.Invoker.AsyncUnaryCall(_method, _host, _options, _request);
        Volatile.Write(ref _attempt, call);
        var response = await call.ResponseAsync.ConfigureAwait(false);
        _headers.TrySetResult(await call.ResponseHeadersAsync.ConfigureAwait(false));
        return response;
    }

    /// <summary>Ends the attempt that is running and any that would follow; nothing when the call has ended.</summary>
    private void Dispose()
    {
        try
        {
            _disposed.Cancel();
        }
        catch (ObjectDisposedException)
        {
            return;
        }

        Volatile.Read(ref _attempt)?.Dispose();
    }
}
