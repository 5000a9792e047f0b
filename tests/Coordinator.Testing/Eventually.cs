using System.Diagnostics;

namespace Coordinator.Testing;

/// <summary>Waiting for something that another process or thread will do, with a bound and a reason on failure.</summary>
public static class Eventually
{
    /// <summary>The bound that a test gives up at; far above what any wait needs, so that a slow machine passes.</summary>
    public static readonly TimeSpan DefaultBound = TimeSpan.FromSeconds(30);

    /// <summary>Asks until the answer is true; throws with <paramref name="what"/> when the bound is reached.</summary>
    public static async Task TrueAsync(Func<Task<bool>> condition, string what, TimeSpan? bound = null)
    {
        var started = Stopwatch.StartNew();
        while (!await condition())
        {
            if (started.Elapsed > (bound ?? DefaultBound))
            {
                throw new TimeoutException($"Not within {(bound ?? DefaultBound).TotalSeconds:0} s: {what}");
            }

            await PauseAsync();
        }
    }

    /// <summary>The one pause in the tests: between two looks at a condition, never in place of one.</summary>
    private static Task PauseAsync() => Task.Delay(TimeSpan.FromMilliseconds(20));
}
