using Coordinator.Postgres.Load;

namespace Coordinator.Engine.Pacing;

/// <summary>
/// How long commits take in one target, look by look. One commit is timed at a time, whoever has stopped waiting for it: where a disk
/// hangs, each look would else leave one more session behind in the target.
/// </summary>
/// <param name="measure">Times one commit.</param>
internal sealed class CommitLatency(Func<CancellationToken, Task<CommitTime>> measure)
{
    private readonly MedianWindow _median = new();
    private Task<CommitTime>? _running;

    /// <summary>The median of the last looks, this one included, or why no commit can be timed.</summary>
    /// <param name="deadline">Ends the wait; the next look waits on for the same commit.</param>
    /// <param name="cancellationToken">Ends the commit too.</param>
    /// <exception cref="OperationCanceledException">The wait was ended.</exception>
    public async Task<CommitTime> ReadAsync(CancellationToken deadline, CancellationToken cancellationToken)
    {
        var running = _running ??= measure(cancellationToken);
        try
        {
            var time = await running.WaitAsync(deadline);
            if (time.Milliseconds is { } milliseconds)
            {
                _median.Add(milliseconds);
            }

            return time.Problem is null ? new CommitTime(_median.Median, null) : time;
        }
        finally
        {
            if (running.IsCompleted)
            {
                _running = null;
            }
        }
    }
}
