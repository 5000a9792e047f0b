using Coordinator.Domain;

namespace Coordinator.Engine.Leasing;

/// <summary>What workers send is checked here, before any of it reaches a statement.</summary>
internal static class LeasingInput
{
    public const int MostBatches = 100;

    // A worker holds a few batches; a call with more tokens than this is not from one of ours.
    private const int MostTokens = 10_000;

    private const int MostHandlers = 100;

    private const int LongestText = 200;

    public static void CheckHandlers(IReadOnlyCollection<string> handlers)
    {
        Require(handlers.Count <= MostHandlers, "INVALID_HANDLER",
            "The request names too many handlers.", $"Register at most {MostHandlers} handlers in one worker.");
        foreach (var handler in handlers)
        {
            Require(HandlerName.IsValid(handler, out var why), "INVALID_HANDLER",
                $"A handler's name {why}.", "Register handlers under the names that specifications use.");
        }
    }

    public static void CheckAcquire(
        string worker, IReadOnlyCollection<string> targets, int max, Guid requestId, string? migration)
    {
        CheckWorker(worker);
        Require(max is >= 1 and <= MostBatches, "INVALID_BATCH_COUNT",
            "The number of batches is out of range.", $"Ask for 1 to {MostBatches} batches.");
        Require(requestId != Guid.Empty, "INVALID_REQUEST_ID",
            "The request has no id.", "Send a new UUID with each request, and the same one when you repeat it.");
        Require(targets.Count is >= 1 and <= MostTokens, "INVALID_TARGET",
            "The request names no target.", "Name the targets that the worker can connect to.");
        foreach (var target in targets)
        {
            Require(TargetName.TryParse(target, out _, out var why), "INVALID_TARGET",
                $"A target's name {why}.", "Name the targets as the coordinator's configuration does.");
        }

        Require(string.IsNullOrEmpty(migration) || MigrationName.TryParse(migration, out _, out _), "INVALID_MIGRATION",
            "The migration's name is not a name.", "Name the migration as it was planned, or leave it empty for any.");
    }

    public static void CheckTokens(string worker, IReadOnlyCollection<LeaseToken> tokens)
    {
        CheckWorker(worker);
        Require(tokens.Count <= MostTokens, "INVALID_LEASE_TOKEN",
            "The request names too many leases.", $"Send at most {MostTokens} in one request.");
        Require(tokens.All(IsToken), "INVALID_LEASE_TOKEN",
            "A lease token is not one that was granted.", "Send the tokens as they came with the batches.");
    }

    /// <summary>A text for people, of a length that fits a row, without the NUL that PostgreSQL can't store.</summary>
    public static string Clean(string? text, int longest = 2000)
    {
        var clean = (text ?? "").Replace("\0", "", StringComparison.Ordinal);
        return clean.Length <= longest ? clean : clean[..longest];
    }

    private static void CheckWorker(string worker) => Require(IsText(worker), "INVALID_WORKER",
        "The worker's id is not 1 to 200 printable ASCII characters.", "Give each worker process an id of its own, such as its pod's name.");

    private static bool IsToken(LeaseToken token) =>
        IsText(token.Migration) && IsText(token.Shard) && IsText(token.Step) && token.Batch >= 0 && token.Epoch >= 0;

    private static bool IsText(string? text) =>
        text is { Length: >= 1 and <= LongestText } && text.All(character => character is >= ' ' and <= '~');

    private static void Require(bool condition, string code, string message, string remedy)
    {
        if (!condition)
        {
            throw new EngineException(new Rejection(code, message, remedy, null, RejectionKind.InvalidArgument));
        }
    }
}
