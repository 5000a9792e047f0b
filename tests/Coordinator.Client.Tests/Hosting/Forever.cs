namespace Coordinator.Client.Tests.Hosting;

/// <summary>An answer that does not come.</summary>
internal static class Forever
{
    public static Task UntilCancelledAsync(CancellationToken cancellationToken) =>
        new TaskCompletionSource().Task.WaitAsync(cancellationToken);
}
