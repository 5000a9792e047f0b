using Grpc.Core;

namespace Coordinator.Client.Transport;

/// <summary>A response stream whose failure makes the next call go to another address.</summary>
internal sealed class ObservedStreamReader<TResponse>(
    IAsyncStreamReader<TResponse> inner, FailoverCalls calls, Endpoint endpoint, CancellationToken callToken)
    : IAsyncStreamReader<TResponse>
{
    public TResponse Current => inner.Current;

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        try
        {
            return await inner.MoveNext(cancellationToken).ConfigureAwait(false);
        }
        catch (RpcException exception)
        {
            calls.Observe(endpoint, exception);
            throw FailoverCalls.Translate(
                exception, cancellationToken.IsCancellationRequested ? cancellationToken : callToken);
        }
    }
}
