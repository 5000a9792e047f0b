using Coordinator.Engine.Requests;

namespace Coordinator.Engine.Tests.Requests;

/// <summary>Reads are shared, and none is older than the question that it answers.</summary>
public sealed class SharedReadsTests
{
    private readonly SharedReads<string, int> _reads = new();
    private readonly List<TaskCompletionSource<int>> _under = [];

    [Fact]
    public async Task A_question_asked_during_a_read_is_answered_by_the_next_one_which_all_share()
    {
        var first = AskAsync("a");
        var second = AskAsync("a");
        var third = AskAsync("a");
        Assert.Single(_under);

        _under[0].SetResult(1);
        Assert.Equal(1, await first);
        await UntilAsync(2);
        Assert.False(second.IsCompleted || third.IsCompleted);
        _under[1].SetResult(2);

        Assert.Equal((int[])[2, 2], await Task.WhenAll(second, third));
        Assert.Equal(2, _under.Count);
    }

    [Fact]
    public async Task Different_things_are_read_beside_each_other()
    {
        var one = AskAsync("a");
        var other = AskAsync("b");

        _under[1].SetResult(2);
        Assert.Equal(2, await other);
        _under[0].SetResult(1);
        Assert.Equal(1, await one);
    }

    [Fact]
    public async Task A_failure_reaches_those_who_waited_for_that_read_only()
    {
        var first = AskAsync("a");
        var second = AskAsync("a");
        _under[0].SetException(new InvalidOperationException("broken"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => first);

        await UntilAsync(2);
        _under[1].SetResult(2);

        Assert.Equal(2, await second);
    }

    [Fact]
    public async Task One_that_gives_up_leaves_the_read_to_the_others()
    {
        using var impatient = new CancellationTokenSource();
        var first = AskAsync("a");
        var gone = _reads.ReadAsync("a", ReadAsync, impatient.Token);
        var staying = AskAsync("a");
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);

        _under[0].SetResult(1);
        await first;
        await UntilAsync(2);
        _under[1].SetResult(2);

        Assert.Equal(2, await staying);
    }

    private Task<int> AskAsync(string key) => _reads.ReadAsync(key, ReadAsync, CancellationToken.None);

    private Task<int> ReadAsync(string key, CancellationToken cancellationToken)
    {
        var read = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_under)
        {
            _under.Add(read);
        }

        return read.Task;
    }

    private Task UntilAsync(int reads) => Testing.Eventually.TrueAsync(
        () =>
        {
            lock (_under)
            {
                return Task.FromResult(_under.Count == reads);
            }
        },
        $"{reads} reads were begun");
}
