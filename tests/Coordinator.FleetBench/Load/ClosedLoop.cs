using System.Diagnostics;

namespace Coordinator.FleetBench.Load;

/// <summary>Callers that each ask again when they are answered: how much goes through.</summary>
internal static class ClosedLoop
{
    /// <summary>Runs for a while; the first part of it, in which things warm up, is not counted.</summary>
    /// <param name="callers">How many ask at a time.</param>
    /// <param name="duration">How long is measured.</param>
    /// <param name="call">One question of the given caller.</param>
    /// <param name="begun">Called when the measuring begins.</param>
    public static async Task<LoadResult> RunAsync(int callers, TimeSpan duration, Func<int, Task> call, Action? begun = null)
    {
        var from = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds / 4 * Stopwatch.Frequency);
        var to = from + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        var first = 0;
        async Task<List<double>> LoopAsync(int caller)
        {
            var latencies = new List<double>();
            while (true)
            {
                var started = Stopwatch.GetTimestamp();
                await call(caller);
                var ended = Stopwatch.GetTimestamp();
                if (ended >= to)
                {
                    return latencies;
                }

                if (started >= from)
                {
                    if (Interlocked.Exchange(ref first, 1) == 0)
                    {
                        begun?.Invoke();
                    }

                    latencies.Add(Stopwatch.GetElapsedTime(started, ended).TotalMilliseconds);
                }
            }
        }

        var latencies = (await Task.WhenAll(Enumerable.Range(0, callers).Select(LoopAsync))).SelectMany(each => each).ToList();
        return new LoadResult(latencies.Count, duration, latencies);
    }
}
