using Grpc.Core;

namespace Coordinator.Server.Errors;

/// <summary>
/// A failed call as the caller sees it: a status, a stable reason that programs go by, what is the case and what to do.
/// </summary>
internal sealed record CallError(StatusCode Code, string Reason, string Message, string Remedy)
{
    /// <summary>The values that the text names.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>What is wrong with the request's fields.</summary>
    public IReadOnlyList<FieldProblem> Fields { get; init; } = [];

    /// <summary>When to try again; null when trying again is no use.</summary>
    public TimeSpan? RetryDelay { get; init; }
}
