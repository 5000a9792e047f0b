namespace Coordinator.Domain;

/// <summary>
/// An expected refusal: a value, never an exception, because callers branch on it.
/// <paramref name="Code"/> is a stable UPPER_SNAKE reason that programs may match; the message says what is, the remedy what to do.
/// </summary>
public sealed record Rejection(
    string Code,
    string Message,
    string Remedy,
    IReadOnlyDictionary<string, string>? Metadata = null,
    RejectionKind Kind = RejectionKind.FailedPrecondition);
