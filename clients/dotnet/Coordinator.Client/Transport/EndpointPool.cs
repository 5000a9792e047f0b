namespace Coordinator.Client.Transport;

/// <summary>
/// The addresses and which of them is used now. All calls of a client use the same one until it fails, so that a client
/// talks to one replica and not to all of them.
/// </summary>
internal sealed class EndpointPool : IDisposable
{
    private readonly Endpoint[] _endpoints;
    private int _current;

    public EndpointPool(IEnumerable<Endpoint> endpoints)
    {
        _endpoints = [.. endpoints];
        ArgumentOutOfRangeException.ThrowIfZero(_endpoints.Length, nameof(endpoints));
    }

    public int Count => _endpoints.Length;

    public Endpoint Current => _endpoints[Volatile.Read(ref _current)];

    /// <summary>
    /// Goes on with the address after the one that failed. When many calls fail on it at once, only the first of them
    /// moves; the others find that it is no longer the current one.
    /// </summary>
    public bool MoveOnFrom(Endpoint failed)
    {
        var next = (failed.Position + 1) % _endpoints.Length;
        return next != failed.Position
            && Interlocked.CompareExchange(ref _current, next, failed.Position) == failed.Position;
    }

    public void Dispose()
    {
        foreach (var endpoint in _endpoints)
        {
            endpoint.Dispose();
        }
    }
}
