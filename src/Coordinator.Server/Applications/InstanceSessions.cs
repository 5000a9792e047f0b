using Coordinator.Engine.Applications;
using Coordinator.Server.Mapping;
using Coordinator.Server.Security;
using Grpc.Core;

namespace Coordinator.Server.Applications;

/// <summary>Runs the streams of instances. <b>Nothing is acknowledged before it is on disk.</b></summary>
internal sealed class InstanceSessions(InstanceRegistry registry, InstanceLimits limits, OpenSessions sessions)
{
    public async Task RunAsync(
        IAsyncStreamReader<V1.SessionRequest> requests, IServerStreamWriter<V1.SessionResponse> responses, ServerCallContext context)
    {
        using var counted = limits.EnterSession(context);
        using var ending = sessions.StreamOf(context);
        await using var session = sessions.Enter(ending, responses, context);
        var allowance = limits.AllowanceOf(context.Caller());
        var identity = new SessionIdentity(context.Caller());
        // The end of the stream says nothing: the process may be alive behind a broken connection. Its lease goes on.
        await foreach (var request in requests.ReadAllAsync(ending.Token))
        {
            var report = identity.Accept(ApplicationMapping.ToReport(request.Report));
            session.TakesHints |= request.TakesHints;
            var lease = await registry.HeartbeatAsync(report, allowance, ending.Token);
            await session.AnswerAsync(ApplicationMapping.ToSessionResponse(lease));
        }
    }
}
