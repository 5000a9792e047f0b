using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Coordinator.Client.Transport;

/// <summary>What every call of one client shares: the addresses, the schedule, and what each call gets by default.</summary>
internal sealed class FailoverCalls(
    EndpointPool endpoints,
    RetrySchedule schedule,
    TimeSpan callTimeout,
    string? token,
    TimeProvider timeProvider,
    ILogger logger)
{
    public EndpointPool Endpoints { get; } = endpoints;

    /// <summary>The caller's options with the token, and for a unary call with a deadline where the caller set none.</summary>
    public CallOptions Complete(CallOptions options, bool unary)
    {
        if (token is not null)
        {
            var headers = new Metadata();
            foreach (var entry in options.Headers ?? [])
            {
                headers.Add(entry);
            }

            headers.Add("authorization", "Bearer " + token);
            options = options.WithHeaders(headers);
        }

        return unary && options.Deadline is null ? options.WithDeadline(DeadlineIn(callTimeout)) : options;
    }

    /// <summary>
    /// Records a failed attempt and says how long to wait before the next one; null when the failure is final, because
    /// the answer is Coordinator's own, the attempts are used up, or the deadline would pass in the pause. A cancellation
    /// that is not the caller's comes from a server or a proxy that is going away.
    /// </summary>
    public TimeSpan? PauseAfter(Endpoint endpoint, RpcException failure, int attempt, CallOptions options)
    {
        Observe(endpoint, failure);
        var mayRepeat = TransportFailure.IsUnavailable(failure) || failure.StatusCode == StatusCode.Cancelled;
        if (!mayRepeat
            || options.CancellationToken.IsCancellationRequested
            || schedule.PauseAfter(attempt) is not { } pause)
        {
            return null;
        }

        return options.Deadline is { } deadline && SystemNow() + pause >= deadline ? null : pause;
    }

    /// <summary>Makes the next call go to another address when this failure speaks against the endpoint.</summary>
    public void Observe(Endpoint endpoint, RpcException failure)
    {
        if (TransportFailure.IsSuspect(failure) && Endpoints.MoveOnFrom(endpoint))
        {
            TransportLog.MovedOn(logger, endpoint.Address, Endpoints.Current.Address, failure.StatusCode);
        }
    }

    public Task PauseAsync(TimeSpan pause, CancellationToken cancellationToken) =>
        pause <= TimeSpan.Zero ? Task.CompletedTask : Task.Delay(pause, timeProvider, cancellationToken);

    /// <summary>A failure in the client's terms: the caller's own cancellation, or what Coordinator said.</summary>
    public static Exception Translate(RpcException exception, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested && exception.StatusCode == StatusCode.Cancelled
            ? new OperationCanceledException(exception.Message, exception, cancellationToken)
            : CoordinatorException.From(exception);

    /// <summary>The deadline of a call that may take this long from now.</summary>
    public static DateTime DeadlineIn(TimeSpan timeout) => SystemNow() + timeout;

    /// <summary>gRPC compares deadlines with the system's clock, whatever clock the program runs on.</summary>
    private static DateTime SystemNow() => TimeProvider.System.GetUtcNow().UtcDateTime;
}
