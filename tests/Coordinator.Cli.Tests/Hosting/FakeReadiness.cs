using Coordinator.V1;
using Grpc.Core;

namespace Coordinator.Cli.Tests.Hosting;

/// <summary>A ReadinessService that answers as a test says.</summary>
internal sealed class FakeReadiness(FakeAnswers answers) : ReadinessService.ReadinessServiceBase
{
    public override Task<CheckResponse> Check(CheckRequest request, ServerCallContext context) =>
        answers.AnswerAsync<CheckResponse>(request, context);

    public override Task Watch(WatchRequest request, IServerStreamWriter<WatchResponse> responseStream, ServerCallContext context) =>
        answers.StreamAsync(request, responseStream, context);
}
