namespace Coordinator.Engine.Requests;

/// <summary>
/// Reads of things that many ask for at the same time. Whoever asks while a read of the same thing is under way waits for the next
/// one, which all who came meanwhile share: every answer was read after its question was asked. Nothing is kept when nobody waits.
/// </summary>
internal sealed class SharedReads<TKey, TAnswer>
    where TKey : notnull
{
    private readonly Lock _gate = new();
    private readonly Dictionary<TKey, Reading> _readings = [];

    /// <summary>Reads, alone or with others that ask for the same. One that gives up leaves the read to the others.</summary>
    public Task<TAnswer> ReadAsync(TKey key, Func<TKey, CancellationToken, Task<TAnswer>> read, CancellationToken cancellationToken)
    {
        Task<TAnswer> answer;
        Reading? begun = null;
        lock (_gate)
        {
            if (!_readings.TryGetValue(key, out var reading))
            {
                reading = begun = new Reading();
                _readings.Add(key, reading);
            }

            reading.Next ??= new TaskCompletionSource<TAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
            answer = reading.Next.Task;
        }

        if (begun is not null)
        {
            // Not awaited: it serves all who ask, and hands every failure to them.
            _ = RunAsync(key, begun, read);
        }

        return answer.WaitAsync(cancellationToken);
    }

    private async Task RunAsync(TKey key, Reading reading, Func<TKey, CancellationToken, Task<TAnswer>> read)
    {
        while (TakeNext(key, reading) is { } next)
        {
            try
            {
                next.SetResult(await read(key, CancellationToken.None));
            }
            catch (Exception exception)
            {
                next.SetException(exception);
            }
        }
    }

    private TaskCompletionSource<TAnswer>? TakeNext(TKey key, Reading reading)
    {
        lock (_gate)
        {
            var next = reading.Next;
            reading.Next = null;
            if (next is null)
            {
                _readings.Remove(key);
            }

            return next;
        }
    }

    private sealed class Reading
    {
        public TaskCompletionSource<TAnswer>? Next { get; set; }
    }
}
