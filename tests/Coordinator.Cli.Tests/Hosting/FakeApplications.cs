using Coordinator.V1;
using Grpc.Core;

namespace Coordinator.Cli.Tests.Hosting;

/// <summary>An ApplicationService that answers operators as a test says.</summary>
internal sealed class FakeApplications(FakeAnswers answers) : ApplicationService.ApplicationServiceBase
{
    public override Task<GetApplicationResponse> GetApplication(GetApplicationRequest request, ServerCallContext context) =>
        answers.AnswerAsync<GetApplicationResponse>(request, context);

    public override Task<ListInstancesResponse> ListInstances(ListInstancesRequest request, ServerCallContext context) =>
        answers.AnswerAsync<ListInstancesResponse>(request, context);

    public override Task<SetExpectedPopulationResponse> SetExpectedPopulation(
        SetExpectedPopulationRequest request, ServerCallContext context) =>
        answers.AnswerAsync<SetExpectedPopulationResponse>(request, context);

    public override Task<AttestInstanceGoneResponse> AttestInstanceGone(
        AttestInstanceGoneRequest request, ServerCallContext context) =>
        answers.AnswerAsync<AttestInstanceGoneResponse>(request, context);
}
