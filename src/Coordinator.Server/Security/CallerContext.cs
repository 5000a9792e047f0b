using System.Diagnostics;
using Coordinator.Engine;
using Coordinator.Server.Mapping;
using Grpc.Core;

namespace Coordinator.Server.Security;

/// <summary>The caller of a call, where the services find it.</summary>
internal static class CallerContext
{
    private static readonly object Key = new();

    public static void SetCaller(this ServerCallContext context, Caller caller) => context.UserState[Key] = caller;

    /// <summary>Who calls.</summary>
    public static Caller Caller(this ServerCallContext context) => (Caller)context.UserState[Key];

    /// <summary>What goes into the metadata of every event that the call causes.</summary>
    public static RequestContext Order(this ServerCallContext context, string requestId)
    {
        var id = RequestIds.Parse(requestId);
        return new RequestContext(context.Caller().Name, id, id?.ToString() ?? Activity.Current?.TraceId.ToHexString());
    }
}
