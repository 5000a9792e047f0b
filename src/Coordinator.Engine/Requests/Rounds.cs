using System.Diagnostics;

namespace Coordinator.Engine.Requests;

/// <summary>
/// Answers many callers with few statements. The first one's round begins at once; those that arrive while it is under way go
/// together when it is back. So a lone caller waits for nothing, and a thousand cost a few round trips and commits. Whoever waits
/// is in a round that begins after he asked: what it reads is never older than his question.
/// </summary>
/// <param name="mostPerRound">More than these wait for the next round.</param>
/// <param name="run">
/// Runs a round: answers the callers that it can. Those that it leaves unanswered are in the next round again; when it throws, they
/// get the exception, and the next round goes on.
/// </param>
/// <param name="spacing">
/// From one round's beginning to the next one's at least, unless that one is full: for callers that are in no hurry, and cost less
/// together. None by default.
/// </param>
/// <param name="lanes">
/// How many rounds may be under way at a time; a further one only when it is full, so that the work on its answers overlaps with the
/// database's on the next. One by default.
/// </param>
internal sealed class Rounds<TRequest, TAnswer>(
    int mostPerRound, Func<IReadOnlyList<Rounds<TRequest, TAnswer>.Caller>, Task> run, TimeSpan spacing = default, int lanes = 1)
{
    private readonly Lock _gate = new();
    private readonly Queue<Caller> _waiting = new();
    private int _running;

    /// <summary>Waits for the answer. A caller that gives up before its round is left out of it.</summary>
    public Task<TAnswer> AskAsync(TRequest request, CancellationToken cancellationToken)
    {
        var caller = new Caller(request, cancellationToken);
        bool first;
        lock (_gate)
        {
            _waiting.Enqueue(caller);
            first = _running == 0 || (_running < lanes && _waiting.Count >= mostPerRound);
            _running += first ? 1 : 0;
        }

        if (first)
        {
            // Not awaited: it serves all callers, and hands every failure to those that it concerns.
            _ = RunAsync();
        }

        return caller.Answered.WaitAsync(cancellationToken);
    }

    private async Task RunAsync()
    {
        while (TakeNext() is { } round)
        {
            var begun = Stopwatch.GetTimestamp();
            try
            {
                await run(round);
            }
            catch (Exception exception)
            {
                foreach (var caller in round)
                {
                    caller.Fail(exception);
                }
            }

            var waiting = TakeBack(round);
            var left = spacing - Stopwatch.GetElapsedTime(begun);
            if (left > TimeSpan.Zero && waiting < mostPerRound)
            {
                await Task.Delay(left);
            }
        }
    }

    /// <summary>The callers that a round left unanswered wait again; how many wait then.</summary>
    private int TakeBack(List<Caller> round)
    {
        lock (_gate)
        {
            foreach (var caller in round)
            {
                if (!caller.Answered.IsCompleted)
                {
                    _waiting.Enqueue(caller);
                }
            }

            return _waiting.Count;
        }
    }

    private List<Caller>? TakeNext()
    {
        lock (_gate)
        {
            var round = new List<Caller>();
            // Beside another lane only full rounds are worth their statement; that lane takes the rest.
            while (round.Count < mostPerRound && (_running == 1 || round.Count + _waiting.Count >= mostPerRound)
                && _waiting.TryDequeue(out var caller))
            {
                if (!caller.GaveUp)
                {
                    round.Add(caller);
                }
            }

            _running -= round.Count > 0 ? 0 : 1;
            return round.Count > 0 ? round : null;
        }
    }

    /// <summary>One who waits.</summary>
    internal sealed class Caller(TRequest request, CancellationToken cancellationToken)
    {
        private readonly TaskCompletionSource<TAnswer> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TRequest Request { get; } = request;

        /// <summary>In how many rounds it was left unanswered; counted by whoever leaves it.</summary>
        public int Attempts { get; set; }

        public bool GaveUp => cancellationToken.IsCancellationRequested;

        public Task<TAnswer> Answered => _answer.Task;

        public void Answer(TAnswer answer) => _answer.TrySetResult(answer);

        public void Fail(Exception exception) => _answer.TrySetException(exception);
    }
}
