using Coordinator.Engine.Pacing;
using Coordinator.Engine.Quarantine;
using Coordinator.Server.Mapping;
using Coordinator.Server.Security;
using Grpc.Core;

namespace Coordinator.Server.Backfills;

/// <summary>Shows backfills, sets how fast they may go, and settles the rows that they could not write.</summary>
internal sealed class BackfillService(BackfillListing listing, BackfillCommands commands, QuarantineCommands quarantine)
    : V1.BackfillService.BackfillServiceBase
{
    public override async Task<V1.GetBackfillResponse> GetBackfill(V1.GetBackfillRequest request, ServerCallContext context)
    {
        var (migration, step) = ResourceNames.ParseBackfill(request.Name);
        return new V1.GetBackfillResponse { Backfill = await listing.GetAsync(migration, step, context.CancellationToken) };
    }

    public override async Task<V1.ListBackfillsResponse> ListBackfills(V1.ListBackfillsRequest request, ServerCallContext context)
    {
        var size = Paging.Size(request.PageSize, usual: 50, largest: 500);
        var parent = request.Parent.Length == 0 ? null : ResourceNames.ParseMigration(request.Parent, "parent");
        return await listing.ListAsync(parent, size, request.PageToken, context.CancellationToken);
    }

    public override async Task<V1.TuneBackfillResponse> TuneBackfill(V1.TuneBackfillRequest request, ServerCallContext context)
    {
        var (migration, step) = ResourceNames.ParseBackfill(request.Name);
        var order = context.Order(request.RequestId);
        await commands.TuneAsync(migration, step, PaceMapping.ToDomain(request, order.Actor), order, context.CancellationToken);
        return new V1.TuneBackfillResponse { Backfill = await listing.GetAsync(migration, step, context.CancellationToken) };
    }

    public override async Task<V1.ListQuarantinedRowsResponse> ListQuarantinedRows(
        V1.ListQuarantinedRowsRequest request, ServerCallContext context)
    {
        var (migration, step) = ResourceNames.ParseBackfillParent(request.Parent);
        var size = Paging.Size(request.PageSize, usual: 100, largest: 500);
        var page = await quarantine.ListAsync(migration, step, size, request.PageToken, context.CancellationToken);
        return new V1.ListQuarantinedRowsResponse
        {
            Rows = { page.Rows.Select(row => QuarantineMapping.ToProto(migration, row)) },
            NextPageToken = page.NextToken,
            OpenRowCount = page.Open,
            WaivedRowCount = page.Waived,
        };
    }

    public override async Task<V1.RetryQuarantinedRowsResponse> RetryQuarantinedRows(
        V1.RetryQuarantinedRowsRequest request, ServerCallContext context)
    {
        var (migration, step) = ResourceNames.ParseBackfillParent(request.Parent);
        var rows = QuarantineMapping.ToDomain(step, request.Keys, request.All);
        var result = await quarantine.RetryAsync(migration, rows, context.Order(request.RequestId), context.CancellationToken);
        return new V1.RetryQuarantinedRowsResponse
        {
            RepairedRowCount = result.Repaired,
            GoneRowCount = result.Gone,
            FailedRowCount = result.StillBad,
            UntriedRowCount = result.Untried,
        };
    }

    public override async Task<V1.WaiveQuarantinedRowsResponse> WaiveQuarantinedRows(
        V1.WaiveQuarantinedRowsRequest request, ServerCallContext context)
    {
        var (migration, step) = ResourceNames.ParseBackfillParent(request.Parent);
        var rows = QuarantineMapping.ToDomain(step, request.Keys, request.All);
        var reason = FreeText.Check("reason", request.Reason);
        var waived = await quarantine.WaiveAsync(
            migration, rows, reason, context.Order(request.RequestId), context.CancellationToken);
        return new V1.WaiveQuarantinedRowsResponse { WaivedRowCount = waived };
    }
}
