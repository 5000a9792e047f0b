using System.Collections.Concurrent;
using Coordinator.V1;
using Grpc.Core;

namespace Coordinator.Client.Tests.Hosting;

/// <summary>A MigrationService with one mutation and one stream, whose answers a test chooses.</summary>
internal sealed class FakeMigrations : MigrationService.MigrationServiceBase
{
    public ConcurrentQueue<string> RequestIds { get; } = [];

    public ConcurrentQueue<string?> Authorizations { get; } = [];

    /// <summary>Called with the number of the call, from 1; may wait, or throw.</summary>
    public Func<int, ServerCallContext, Task> OnStart { get; set; } = (_, _) => Task.CompletedTask;

    public Func<IServerStreamWriter<WatchMigrationResponse>, ServerCallContext, Task> OnWatch { get; set; } =
        (stream, _) => stream.WriteAsync(new WatchMigrationResponse());

    public override async Task<StartMigrationResponse> StartMigration(
        StartMigrationRequest request, ServerCallContext context)
    {
        RequestIds.Enqueue(request.RequestId);
        Authorizations.Enqueue(context.RequestHeaders.GetValue("authorization"));
        await OnStart(RequestIds.Count, context);
        return new StartMigrationResponse();
    }

    public override Task WatchMigration(
        WatchMigrationRequest request,
        IServerStreamWriter<WatchMigrationResponse> responseStream,
        ServerCallContext context) => OnWatch(responseStream, context);
}
