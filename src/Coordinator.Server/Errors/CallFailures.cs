using System.Diagnostics;
using Grpc.Core;

namespace Coordinator.Server.Errors;

/// <summary>
/// What a failure is to the caller, whichever way it called. A caller that went away is no failure; what nobody foresaw
/// is logged under an id, and only the id is answered.
/// </summary>
internal sealed class CallFailures(IHostApplicationLifetime lifetime, ILogger<CallFailures> logger)
{
    /// <summary>Describes a failure and logs it; the token is cancelled when the caller is gone.</summary>
    public CallError Describe(Exception exception, string method, CancellationToken caller)
    {
        if (caller.IsCancellationRequested && exception is (OperationCanceledException or IOException))
        {
            return ErrorTable.Cancelled();
        }

        if (exception is OperationCanceledException && lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return ErrorTable.Stopping();
        }

        if (ErrorTable.Find(exception) is { } known)
        {
            Log(known, exception, method);
            return known;
        }

        var correlationId = Activity.Current?.TraceId.ToHexString() ?? Guid.CreateVersion7().ToString();
        ErrorLog.Unforeseen(logger, method, correlationId, exception);
        return ErrorTable.Internal(correlationId);
    }

    private void Log(CallError error, Exception exception, string method)
    {
        if (error.Code == StatusCode.Unavailable)
        {
            ErrorLog.Unavailable(logger, method, error.Reason, exception);
        }
        else
        {
            ErrorLog.Refused(logger, method, error.Code, error.Reason);
        }
    }
}
