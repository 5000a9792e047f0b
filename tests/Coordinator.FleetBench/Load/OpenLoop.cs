using System.Collections.Concurrent;
using System.Diagnostics;

namespace Coordinator.FleetBench.Load;

/// <summary>Calls at a fixed rate, whether or not those before are answered: what a caller waits. It counts from when the call was due.</summary>
internal static class OpenLoop
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5);

    /// <summary>Runs for a while.</summary>
    /// <param name="rate">Calls per second, evenly spread.</param>
    /// <param name="duration">How long.</param>
    /// <param name="call">The call with the given number, from 0.</param>
    public static async Task<LoadResult> RunAsync(double rate, TimeSpan duration, Func<int, Task> call)
    {
        var latencies = new ConcurrentBag<double>();
        var started = Stopwatch.GetTimestamp();
        async Task CallAsync(int number)
        {
            var due = started + (long)(number / rate * Stopwatch.Frequency);
            await call(number);
            latencies.Add(Stopwatch.GetElapsedTime(due).TotalMilliseconds);
        }

        var calls = new List<Task>();
        using var timer = new PeriodicTimer(Tick);
        while (await timer.WaitForNextTickAsync() && Stopwatch.GetElapsedTime(started) is var elapsed && elapsed < duration)
        {
            while (calls.Count < elapsed.TotalSeconds * rate)
            {
                calls.Add(CallAsync(calls.Count));
            }
        }

        await Task.WhenAll(calls);
        return new LoadResult(calls.Count, Stopwatch.GetElapsedTime(started), latencies);
    }
}
