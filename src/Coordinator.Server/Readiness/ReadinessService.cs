using Coordinator.Server.Hosting;
using Coordinator.Server.Mapping;
using Coordinator.Server.Watching;
using Grpc.Core;

namespace Coordinator.Server.Readiness;

/// <summary>Answers deploy tools: may I go on?</summary>
internal sealed class ReadinessService(ReadinessQuestions questions, ChangeWatch changes, StreamEnding streams)
    : V1.ReadinessService.ReadinessServiceBase
{
    public override async Task<V1.CheckResponse> Check(V1.CheckRequest request, ServerCallContext context)
    {
        var ask = questions.Parse(request.Question, request.Questions);
        return new V1.CheckResponse { Readiness = ReadinessMapping.ToProto(await ask(context.CancellationToken)) };
    }

    public override async Task Watch(
        V1.WatchRequest request, IServerStreamWriter<V1.WatchResponse> responseStream, ServerCallContext context)
    {
        using var ending = streams.Of(context);
        var ask = questions.Parse(request.Question, request.Questions);
        await foreach (var answer in changes.WatchAsync(ask, static (before, now) => now.IsSameAs(before), ending.Token))
        {
            await responseStream.WriteAsync(new V1.WatchResponse { Readiness = ReadinessMapping.ToProto(answer) }, context.CancellationToken);
        }
    }
}
