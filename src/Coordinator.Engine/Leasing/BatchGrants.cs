using System.Collections.Concurrent;
using Coordinator.Domain;
using Coordinator.Engine.Requests;

namespace Coordinator.Engine.Leasing;

/// <summary>
/// Grants batches: first those whose lease ran out, under the next epoch, then new ones, carved off the front of the ranges.
/// Requests that ask for the same are answered in rounds of one transaction each, so that two hundred workers cost a few commits
/// and don't fight for the same row. A lost answer only costs the time until the leases end.
/// </summary>
internal sealed class BatchGrants(CoordinationDatabase database, EngineOptions options)
{
    // The same request may be running on another replica, or all work may be locked by others for the length of a
    // commit; a round later that is over. A worker that gets nothing asks again anyway.
    private const int MostAttempts = 5;

    private const int MostPerRound = 100;

    // One for each way of asking. Cleared when there are more than any fleet has; those under way end as they would.
    private const int MostKinds = 1_000;

    private readonly ConcurrentDictionary<Kind, Rounds<AcquireRequest, IReadOnlyList<GrantedBatch>>> _rounds = [];

    public Task<IReadOnlyList<GrantedBatch>> AcquireAsync(AcquireRequest request, CancellationToken cancellationToken)
    {
        if (_rounds.Count > MostKinds)
        {
            _rounds.Clear();
        }

        var kind = new Kind(Names(request.Targets), request.Migration, Names(request.Handlers));
        return _rounds.GetOrAdd(kind, _ => new(MostPerRound, RunAsync)).AskAsync(request, cancellationToken);
    }

    private async Task RunAsync(IReadOnlyList<Rounds<AcquireRequest, IReadOnlyList<GrantedBatch>>.Caller> callers)
    {
        // A repeat waits for the next round, where it finds what this one gave.
        var unique = callers.DistinctBy(caller => caller.Request.RequestId).ToList();
        var answers = await new GrantRound(database, options).RunAsync([.. unique.Select(caller => caller.Request)]);
        foreach (var caller in unique)
        {
            caller.Attempts++;
            switch (answers[caller.Request.RequestId])
            {
                case GrantAnswer.Busy when caller.Attempts == MostAttempts:
                    caller.Fail(new EngineException(new Rejection(
                        "REQUEST_IN_PROGRESS",
                        "The same request is being answered right now.",
                        "Send it again with the same id in a moment.",
                        Kind: RejectionKind.Aborted)));
                    break;
                case GrantAnswer.UnknownMigration:
                    caller.Fail(LeasingRejections.BackfillNotFound(caller.Request.Migration));
                    break;
                case GrantAnswer.Granted granted when granted.Batches.Count > 0 || !granted.WorkWasLocked || caller.Attempts == MostAttempts:
                    caller.Answer(granted.Batches);
                    break;
            }
        }
    }

    private static string Names(IEnumerable<string> names) =>
        string.Join('\n', names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));

    private readonly record struct Kind(string Targets, string Migration, string Handlers);
}
