using System.Diagnostics;

namespace Coordinator.Testing;

/// <summary>Waiting for something that another process or thread will do, with a bound and a reason on failure.</summary>
public static class Eventually
{
    /// <summary>The bound that a test gives up at; far above what any wait needs, so that a slow machine passes.</summary>
    public static readonly TimeSpan DefaultBound = TimeSpan.FromSeconds(30);

    /// <summary>Asks until the answer is true; throws with <paramref name="what"/> when the bound is reached.</summary>
    public static Task TrueAsync(Func<Task<bool>> condition, string what, TimeSpan? bound = null) =>
        TrueAsync(condition, () => what, bound);

    /// <summary>The same, with what is known of the failure when it happens: the log of a process, for instance.</summary>
    public static async Task TrueAsync(Func<Task<bool>> condition, Func<string> what, TimeSpan? bound = null)
    {
        ArgumentNullException.ThrowIfNull(condition);
        ArgumentNullException.ThrowIfNull(what);
        var started = Stopwatch.StartNew();
        while (!await condition())
        {
            if (started.Elapsed > (bound ?? DefaultBound))
            {
                throw new TimeoutException($"Not within {(bound ?? DefaultBound).TotalSeconds:0} s: {what()}");
            }

            await PauseAsync();
        }
    }

    /// <summary>Calls until the call no longer fails with that exception: a server that is starting.</summary>
    public static Task SucceedsAsync<TException>(Func<Task> call, Func<string> what, TimeSpan? bound = null)
        where TException : Exception => TrueAsync(
        async () =>
        {
            try
            {
                await call();
                return true;
            }
            catch (TException)
            {
                return false;
            }
        },
        what,
        bound);

    /// <summary>The one pause in the tests: between two looks at a condition, never in place of one.</summary>
    private static Task PauseAsync() => Task.Delay(TimeSpan.FromMilliseconds(20));
}
