using Coordinator.V1;
using Grpc.Core;

namespace Coordinator.Cli.Tests.Hosting;

/// <summary>A MigrationService that answers as a test says.</summary>
internal sealed class FakeMigrations(FakeAnswers answers) : MigrationService.MigrationServiceBase
{
    public override Task<PlanMigrationResponse> PlanMigration(PlanMigrationRequest request, ServerCallContext context) =>
        answers.AnswerAsync<PlanMigrationResponse>(request, context);

    public override Task<StartMigrationResponse> StartMigration(StartMigrationRequest request, ServerCallContext context) =>
        answers.AnswerAsync<StartMigrationResponse>(request, context);

    public override Task<GetMigrationResponse> GetMigration(GetMigrationRequest request, ServerCallContext context) =>
        answers.AnswerAsync<GetMigrationResponse>(request, context);

    public override Task<ListMigrationsResponse> ListMigrations(ListMigrationsRequest request, ServerCallContext context) =>
        answers.AnswerAsync<ListMigrationsResponse>(request, context);

    public override Task WatchMigration(
        WatchMigrationRequest request, IServerStreamWriter<WatchMigrationResponse> responseStream, ServerCallContext context) =>
        answers.StreamAsync(request, responseStream, context);

    public override Task VerifyMigration(
        VerifyMigrationRequest request, IServerStreamWriter<VerifyMigrationResponse> responseStream, ServerCallContext context) =>
        answers.StreamAsync(request, responseStream, context);

    public override Task<PauseMigrationResponse> PauseMigration(PauseMigrationRequest request, ServerCallContext context) =>
        answers.AnswerAsync<PauseMigrationResponse>(request, context);

    public override Task<ResumeMigrationResponse> ResumeMigration(ResumeMigrationRequest request, ServerCallContext context) =>
        answers.AnswerAsync<ResumeMigrationResponse>(request, context);

    public override Task<ApproveMigrationResponse> ApproveMigration(ApproveMigrationRequest request, ServerCallContext context) =>
        answers.AnswerAsync<ApproveMigrationResponse>(request, context);

    public override Task<RetryMigrationResponse> RetryMigration(RetryMigrationRequest request, ServerCallContext context) =>
        answers.AnswerAsync<RetryMigrationResponse>(request, context);

    public override Task<RollBackMigrationResponse> RollBackMigration(RollBackMigrationRequest request, ServerCallContext context) =>
        answers.AnswerAsync<RollBackMigrationResponse>(request, context);

    public override Task<RetireVersionsResponse> RetireVersions(RetireVersionsRequest request, ServerCallContext context) =>
        answers.AnswerAsync<RetireVersionsResponse>(request, context);

    public override Task<UnretireVersionsResponse> UnretireVersions(UnretireVersionsRequest request, ServerCallContext context) =>
        answers.AnswerAsync<UnretireVersionsResponse>(request, context);

    public override Task<CancelMigrationResponse> CancelMigration(CancelMigrationRequest request, ServerCallContext context) =>
        answers.AnswerAsync<CancelMigrationResponse>(request, context);

    public override Task<ListMigrationEventsResponse> ListMigrationEvents(ListMigrationEventsRequest request, ServerCallContext context) =>
        answers.AnswerAsync<ListMigrationEventsResponse>(request, context);

    public override Task<CheckTargetResponse> CheckTarget(CheckTargetRequest request, ServerCallContext context) =>
        answers.AnswerAsync<CheckTargetResponse>(request, context);
}
