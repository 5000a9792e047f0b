using Coordinator.Server.Hosting;
using Grpc.Core;

namespace Coordinator.Server.Security;

/// <summary>Lets a call through when it is known who makes it and its role may: before anything else is looked at.</summary>
internal sealed class AuthenticationInterceptor(CallerRegistry callers) : CallInterceptor
{
    protected override Task<T> AroundAsync<T>(ServerCallContext context, Func<Task<T>> call)
    {
        if (!MethodPolicy.IsOpen(context.Method))
        {
            var caller = callers.Identify(context);
            MethodPolicy.Require(caller, context.Method);
            context.SetCaller(caller);
        }

        return call();
    }
}
