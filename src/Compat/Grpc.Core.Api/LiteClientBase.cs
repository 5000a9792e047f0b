namespace Grpc.Core;

/// <summary>The base of client stubs that are generated with the option <c>lite_client</c>: only an invoker.</summary>
public abstract class LiteClientBase
{
    /// <summary>Makes a client that refuses every call, for test doubles.</summary>
    protected LiteClientBase() => CallInvoker = new UnimplementedCallInvoker();

    /// <summary>Makes a client over an invoker.</summary>
    protected LiteClientBase(CallInvoker callInvoker)
    {
        ArgumentNullException.ThrowIfNull(callInvoker);
        CallInvoker = callInvoker;
    }

    /// <summary>Makes the calls of this client.</summary>
    protected CallInvoker CallInvoker { get; }
}
