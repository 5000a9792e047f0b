using Coordinator.Engine.Requests;
using Coordinator.Testing;

namespace Coordinator.Engine.Tests.Requests;

/// <summary>How callers are gathered into rounds.</summary>
public sealed class RoundsTests
{
    private readonly List<(IReadOnlyList<int> Requests, TaskCompletionSource Done)> _rounds = [];

    [Fact]
    public async Task A_full_round_begins_beside_the_one_under_way_and_a_smaller_one_waits()
    {
        var rounds = new Rounds<int, int>(3, RunAsync, lanes: 2);
        var first = rounds.AskAsync(0, CancellationToken.None);
        var some = Enumerable.Range(1, 2).Select(number => rounds.AskAsync(number, CancellationToken.None)).ToList();
        Assert.Single(_rounds);

        some.Add(rounds.AskAsync(3, CancellationToken.None));
        var late = rounds.AskAsync(4, CancellationToken.None);

        Assert.Equal(2, _rounds.Count);
        Assert.Equal([1, 2, 3], _rounds[1].Requests);
        _rounds[1].Done.SetResult();
        Assert.Equal((int[])[1, 2, 3], await Task.WhenAll(some));
        // Its lane had no full round to go on with; the other one takes what is left.
        Assert.Equal(2, _rounds.Count);
        _rounds[0].Done.SetResult();
        Assert.Equal(0, await first);
        await UntilAsync(3);
        _rounds[2].Done.SetResult();
        Assert.Equal(4, await late);
    }

    [Fact]
    public async Task Spacing_gathers_those_who_come_between_two_rounds_and_a_full_round_does_not_wait_for_it()
    {
        var rounds = new Rounds<int, int>(3, RunAsync, spacing: TimeSpan.FromDays(1), lanes: 2);
        var first = rounds.AskAsync(0, CancellationToken.None);
        _rounds[0].Done.SetResult();
        await first;

        var gathered = Enumerable.Range(1, 2).Select(number => rounds.AskAsync(number, CancellationToken.None)).ToList();
        Assert.Single(_rounds);
        gathered.Add(rounds.AskAsync(3, CancellationToken.None));

        await UntilAsync(2);
        _rounds[1].Done.SetResult();
        Assert.Equal((int[])[1, 2, 3], await Task.WhenAll(gathered));
    }

    private async Task RunAsync(IReadOnlyList<Rounds<int, int>.Caller> round)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_rounds)
        {
            _rounds.Add(([.. round.Select(caller => caller.Request)], done));
        }

        await done.Task;
        foreach (var caller in round)
        {
            caller.Answer(caller.Request);
        }
    }

    private Task UntilAsync(int rounds) => Eventually.TrueAsync(
        () =>
        {
            lock (_rounds)
            {
                return Task.FromResult(_rounds.Count == rounds);
            }
        },
        $"{rounds} rounds were begun");
}
