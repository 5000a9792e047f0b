namespace Coordinator.Worker.Leases;

/// <summary>
/// Tells everybody who waits that something has changed. Take <see cref="Next"/> before looking at the state that decides
/// whether to wait; then no change is missed in between.
/// </summary>
internal sealed class Signal
{
    private TaskCompletionSource _next = NewSource();

    public Task Next => Volatile.Read(ref _next).Task;

    public void Raise() => Interlocked.Exchange(ref _next, NewSource()).TrySetResult();

    /// <summary>Waits for the change, at most for the given time where there is one.</summary>
    public static async Task WaitAsync(
        Task change, TimeSpan? atMost, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        if (atMost is not { } bound)
        {
            await change.WaitAsync(cancellationToken).ConfigureAwait(false);
            return;
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(change, Task.Delay(bound, timeProvider, ended.Token)).ConfigureAwait(false);
        await ended.CancelAsync().ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
