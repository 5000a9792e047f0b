namespace Coordinator.Cli.Invocation;

/// <summary>A wait's own limit, told apart from the signal that ends the whole command.</summary>
internal sealed class TimeLimit : IDisposable
{
    private readonly CancellationTokenSource _limit;
    private readonly CancellationTokenSource _either;
    private readonly CancellationToken _outer;

    public TimeLimit(TimeSpan? duration, TimeProvider time, CancellationToken cancellationToken)
    {
        _outer = cancellationToken;
        _limit = new CancellationTokenSource(duration ?? Timeout.InfiniteTimeSpan, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _limit.Token);
    }

    public CancellationToken Token => _either.Token;

    public bool Reached => _limit.IsCancellationRequested && !_outer.IsCancellationRequested;

    public void Dispose()
    {
        _either.Dispose();
        _limit.Dispose();
    }
}
