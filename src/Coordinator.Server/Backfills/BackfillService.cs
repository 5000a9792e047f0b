using Coordinator.Engine.Pacing;
using Coordinator.Server.Mapping;
using Coordinator.Server.Security;
using Grpc.Core;

namespace Coordinator.Server.Backfills;

/// <summary>Shows backfills, and sets how fast they may go.</summary>
internal sealed class BackfillService(BackfillListing listing, BackfillCommands commands) : V1.BackfillService.BackfillServiceBase
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
}
