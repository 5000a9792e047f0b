using Coordinator.Server.Hosting;
using Grpc.Core;

namespace Coordinator.Server.Errors;

/// <summary>The boundary where every failure of a gRPC call becomes a status with details.</summary>
internal sealed class ErrorInterceptor(CallFailures failures) : CallInterceptor
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
            throw ErrorTrailer.ToException(failures.Describe(exception, context.Method, context.CancellationToken));
        }
    }
}
