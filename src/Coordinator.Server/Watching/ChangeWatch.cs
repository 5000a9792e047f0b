using System.Runtime.CompilerServices;
using Coordinator.EventStore.Listening;

namespace Coordinator.Server.Watching;

/// <summary>
/// Reads something again and again and passes it on when it has changed. It looks when events were appended, and once a
/// second besides, for what is no event: progress, leases that lapse.
/// </summary>
internal sealed class ChangeWatch(AppendListener appended, TimeProvider time)
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    // Under load events come by the hundred; a watcher wants the news, not each of them.
    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(100);

    /// <summary>What is read now, and then whenever it is not the same as the last; until the token ends it.</summary>
    public async IAsyncEnumerable<T> WatchAsync<T>(
        Func<CancellationToken, Task<T>> read,
        Func<T, T, bool> isSame,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var seen = appended.Current;
        var last = await read(cancellationToken);
        yield return last;
        while (true)
        {
            await appended.WaitAsync(seen, LookInterval, cancellationToken);
            seen = appended.Current;
            var now = await read(cancellationToken);
            if (!isSame(last, now))
            {
                yield return now;
                last = now;
            }

            await Task.Delay(LeastPause, time, cancellationToken);
        }
    }
}
