namespace Coordinator.Engine.Requests;

/// <summary>
/// Answers many callers with few statements. The first one's round begins at once; those that arrive while it is under way go
/// together when it is back. So a lone caller waits for nothing, and a thousand cost a few round trips and commits.
/// </summary>
/// <param name="mostPerRound">More than these wait for the next round.</param>
/// <param name="run">
/// Runs a round: answers the callers that it can. Those that it leaves unanswered are in the next round again; when it throws, they
/// get the exception, and the next round goes on.
/// </param>
internal sealed class Rounds<TRequest, TAnswer>(int mostPerRound, Func<IReadOnlyList<Rounds<TRequest, TAnswer>.Caller>, Task> run)
{
    private readonly Lock _gate = new();
    private readonly Queue<Caller> _waiting = new();
    private bool _running;

    /// <summary>Waits for the answer. A caller that gives up before its round is left out of it.</summary>
    public Task<TAnswer> AskAsync(TRequest request, CancellationToken cancellationToken)
    {
        var caller = new Caller(request, cancellationToken);
        bool first;
        lock (_gate)
        {
            _waiting.Enqueue(caller);
            first = !_running;
            _running = true;
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

            lock (_gate)
            {
                foreach (var caller in round.Where(caller => !caller.Answered.IsCompleted))
                {
                    _waiting.Enqueue(caller);
                }
            }
        }
    }

    private List<Caller>? TakeNext()
    {
        lock (_gate)
        {
            var round = new List<Caller>();
            while (round.Count < mostPerRound && _waiting.TryDequeue(out var caller))
            {
                if (!caller.GaveUp)
                {
                    round.Add(caller);
                }
            }

            _running = round.Count > 0;
            return _running ? round : null;
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
