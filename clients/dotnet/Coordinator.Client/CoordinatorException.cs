using Coordinator.Client.Errors;
using Grpc.Core;

namespace Coordinator.Client;

/// <summary>
/// A call that Coordinator refused or that did not reach it. It is an <see cref="RpcException"/>, so code that knows
/// only gRPC still works; what Coordinator says beyond the status code is in the members here.
/// </summary>
public sealed class CoordinatorException : RpcException
{
    internal CoordinatorException(RpcException cause, ErrorDetails details)
        : base(cause.Status, cause.Trailers, details.Text)
    {
        Reason = details.Reason;
        Remedy = details.Remedy;
        Metadata = details.Metadata;
        Blockers = details.Blockers;
        FieldViolations = details.FieldViolations;
        RetryAfter = details.RetryAfter;
    }

    /// <summary>
    /// The stable reason, such as VERSION_RETIRED; programs decide by it. When the failure is not Coordinator's own (it
    /// was not reached, or a proxy answered), it is the status code's name, such as UNAVAILABLE.
    /// </summary>
    public string Reason { get; }

    /// <summary>What to do about it; empty when Coordinator did not say.</summary>
    public string Remedy { get; }

    /// <summary>The values that the text names, by name; empty when there are none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The conditions that do not hold, each with what would clear it; empty when there are none.</summary>
    public IReadOnlyList<CoordinatorViolation> Blockers { get; }

    /// <summary>Everything that is wrong with the request's fields; empty when there is nothing.</summary>
    public IReadOnlyList<CoordinatorViolation> FieldViolations { get; }

    /// <summary>How long to wait before another attempt; null when Coordinator did not say.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>Reads the details of a failed call. An exception that is one already is returned as it is.</summary>
    public static CoordinatorException From(RpcException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception as CoordinatorException ?? new CoordinatorException(exception, ErrorDetails.Read(exception));
    }
}
