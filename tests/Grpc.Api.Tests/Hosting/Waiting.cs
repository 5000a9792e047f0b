namespace Grpc.Api.Tests.Hosting;

/// <summary>Waits with a bound, so that a call that hangs fails its test.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    public static Task InTimeAsync(this Task task) => task.WaitAsync(Bound);

    public static Task<T> InTimeAsync<T>(this Task<T> task) => task.WaitAsync(Bound);

    /// <summary>Completes when the token is cancelled.</summary>
    public static async Task CancelledAsync(this CancellationToken cancellationToken)
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = cancellationToken.Register(cancelled.SetResult);
        await cancelled.Task.InTimeAsync();
    }
}
