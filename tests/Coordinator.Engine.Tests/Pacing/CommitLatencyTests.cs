using Coordinator.Domain.Backfills;
using Coordinator.Engine.Pacing;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Load;

namespace Coordinator.Engine.Tests.Pacing;

/// <summary>What is made of the times of commits: one at a time, their median, and the signal's zones.</summary>
public class CommitLatencyTests
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    private static readonly PaceOptions Options = new() { CommitMilliseconds = new() { Soft = 20, Hard = 50 } };

    [Fact]
    public async Task One_slow_commit_moves_nothing_and_slow_ones_do()
    {
        var times = new Queue<double>([2, 2, 400, 3, 400, 400]);
        var commits = new CommitLatency(_ => Task.FromResult(new CommitTime(times.Dequeue(), null)));
        var seen = new List<double?>();
        while (times.Count > 0)
        {
            seen.Add((await commits.ReadAsync(default, default)).Milliseconds);
        }

        Assert.Equal([null, null, 2, 2.5, 3, 400], seen);
    }

    [Fact]
    public async Task A_commit_that_hangs_is_waited_for_by_the_next_look_instead_of_beginning_another()
    {
        var begun = new List<TaskCompletionSource<CommitTime>>();
        var commits = new CommitLatency(_ =>
        {
            begun.Add(new TaskCompletionSource<CommitTime>());
            return begun[^1].Task;
        });
        var over = new CancellationToken(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => commits.ReadAsync(over, default));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => commits.ReadAsync(over, default));
        Assert.Single(begun);

        begun[0].SetException(new TimeoutException("late"));
        await Assert.ThrowsAsync<TimeoutException>(() => commits.ReadAsync(default, default));
        var next = commits.ReadAsync(default, default);
        Assert.Equal(2, begun.Count);
        begun[1].SetResult(new CommitTime(null, "read-only"));

        Assert.Equal("read-only", (await next).Problem);
    }

    [Theory]
    [InlineData(null, LoadZone.Low, 20d)]
    [InlineData(19.9, LoadZone.Low, 20d)]
    [InlineData(20d, LoadZone.Middle, 20d)]
    [InlineData(50d, LoadZone.High, 50d)]
    [InlineData(100d, LoadZone.Extreme, 100d)]
    public void The_zone_is_by_the_targets_thresholds(double? milliseconds, LoadZone zone, double threshold)
    {
        var signal = LoadSignals.Commits(new CommitTime(milliseconds, null), Options);

        Assert.Equal(("commit_latency", "ms", zone, threshold), (signal.Name, signal.Unit, signal.Zone, signal.Threshold));
    }

    [Theory]
    [InlineData(30d, ThrottleMove.Hold, 4, "no more than 4 batches at once: commits take long (the log's flush, a synchronous standby, or processors that are busy) (commit_latency 30 ms, threshold 20 ms)")]
    [InlineData(60d, ThrottleMove.Drop, 3, "slowed to 3 batches at once: commits take long (the log's flush, a synchronous standby, or processors that are busy) (commit_latency 60 ms, threshold 50 ms)")]
    [InlineData(900d, ThrottleMove.Halve, 2, "slowed to 2 batches at once: commits take long (the log's flush, a synchronous standby, or processors that are busy) (commit_latency 900 ms, threshold 100 ms)")]
    public void The_throttle_goes_by_it_and_says_so(double milliseconds, ThrottleMove move, int left, string message)
    {
        var decision = Decide(4, LoadSignals.Commits(new CommitTime(milliseconds, null), Options));

        Assert.Equal((move, left, message), (decision.Move, decision.State.Parallelism, PaceText.Of(decision)));
    }

    [Fact]
    public void It_never_takes_the_last_batch_away_but_a_target_that_has_not_committed_for_long_does()
    {
        Assert.Equal(1, Decide(1, LoadSignals.Commits(new CommitTime(10_000, null), Options)).State.Parallelism);

        var held = Decide(4, LoadSignals.NoCommit("no commit", stale: false, Options));
        var stopped = Decide(4, LoadSignals.NoCommit("no commit", stale: true, Options));

        Assert.Equal((ThrottleMove.Hold, 4), (held.Move, held.State.Parallelism));
        Assert.Equal("no more than 4 batches at once: how long commits take could not be read (commit_latency: no commit)", PaceText.Of(held));
        Assert.Equal((ThrottleMove.Stop, 0), (stopped.Move, stopped.State.Parallelism));
    }

    private static ThrottleDecision Decide(int parallelism, LoadSignal signal) =>
        Throttle.Decide(ThrottleState.Initial with { Parallelism = parallelism }, [signal], Look, running: 8, most: 8);
}
