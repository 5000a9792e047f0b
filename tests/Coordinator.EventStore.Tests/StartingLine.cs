namespace Coordinator.EventStore.Tests;

/// <summary>Several tasks that start at one moment. A barrier that blocks threads would wait for the pool to grow.</summary>
internal static class StartingLine
{
    /// <summary>Runs the task n times at once; each prepares, awaits the start, and goes.</summary>
    public static async Task<T[]> RunAsync<T>(int count, Func<int, Task, Task<T>> run)
    {
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // Each runs here up to its first wait, so all stand at the line when it opens.
        var runners = Enumerable.Range(0, count).Select(i => run(i, start.Task)).ToList();
        start.SetResult();
        return await Task.WhenAll(runners);
    }
}
