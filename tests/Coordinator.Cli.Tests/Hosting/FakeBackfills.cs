using Coordinator.V1;
using Grpc.Core;

namespace Coordinator.Cli.Tests.Hosting;

/// <summary>A BackfillService that answers as a test says.</summary>
internal sealed class FakeBackfills(FakeAnswers answers) : BackfillService.BackfillServiceBase
{
    public override Task<ListBackfillsResponse> ListBackfills(ListBackfillsRequest request, ServerCallContext context) =>
        answers.AnswerAsync<ListBackfillsResponse>(request, context);

    public override Task<TuneBackfillResponse> TuneBackfill(TuneBackfillRequest request, ServerCallContext context) =>
        answers.AnswerAsync<TuneBackfillResponse>(request, context);

    public override Task<ListQuarantinedRowsResponse> ListQuarantinedRows(
        ListQuarantinedRowsRequest request, ServerCallContext context) =>
        answers.AnswerAsync<ListQuarantinedRowsResponse>(request, context);

    public override Task<RetryQuarantinedRowsResponse> RetryQuarantinedRows(
        RetryQuarantinedRowsRequest request, ServerCallContext context) =>
        answers.AnswerAsync<RetryQuarantinedRowsResponse>(request, context);

    public override Task<WaiveQuarantinedRowsResponse> WaiveQuarantinedRows(
        WaiveQuarantinedRowsRequest request, ServerCallContext context) =>
        answers.AnswerAsync<WaiveQuarantinedRowsResponse>(request, context);
}
