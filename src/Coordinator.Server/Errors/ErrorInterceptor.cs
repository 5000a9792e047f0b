using System.Diagnostics;
using Coordinator.Server.Hosting;
using Grpc.Core;

namespace Coordinator.Server.Errors;

/// <summary>
/// The boundary where every failure becomes a status with details. A caller that went away is no failure; what nobody
/// foresaw is logged under an id, and only the id is answered.
/// </summary>
internal sealed class ErrorInterceptor(IHostApplicationLifetime lifetime, ILogger<ErrorInterceptor> logger) : CallInterceptor
{
    protected override async Task<T> AroundAsync<T>(ServerCallContext context, Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (RpcException)
        {
            throw;
        }
        catch (Exception exception)
        {
            throw ErrorTrailer.ToException(Describe(exception, context));
        }
    }

    private CallError Describe(Exception exception, ServerCallContext context)
    {
        if (context.CancellationToken.IsCancellationRequested && exception is (OperationCanceledException or IOException))
        {
            return ErrorTable.Cancelled();
        }

        if (exception is OperationCanceledException && lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return ErrorTable.Stopping();
        }

        if (ErrorTable.Find(exception) is { } known)
        {
            Log(known, exception, context.Method);
            return known;
        }

        var correlationId = Activity.Current?.TraceId.ToHexString() ?? Guid.CreateVersion7().ToString();
        ErrorLog.Unforeseen(logger, context.Method, correlationId, exception);
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
