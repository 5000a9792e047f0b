using Coordinator.Domain.Specs;
using Coordinator.Engine.Fencing;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Verification;
using Coordinator.Postgres.Health;
using Coordinator.Server.Hosting;
using Coordinator.Server.Mapping;
using Coordinator.Server.Security;
using Coordinator.Server.Watching;
using Grpc.Core;

namespace Coordinator.Server.Migrations;

/// <summary>Plans, starts, watches and steers migrations.</summary>
internal sealed class MigrationService(
    MigrationCommands commands,
    MigrationQueries queries,
    TargetPreparation targets,
    StrictPreparation strict,
    RetirementCommands retirements,
    VerificationRun verification,
    ChangeWatch changes,
    StreamEnding streams) : V1.MigrationService.MigrationServiceBase
{
    public override async Task<V1.PlanMigrationResponse> PlanMigration(V1.PlanMigrationRequest request, ServerCallContext context)
    {
        var order = context.Order(request.RequestId);
        var spec = SpecMapping.ToDomain(request);
        if (request.ValidateOnly)
        {
            var plan = await commands.CompileAsync(spec, context.CancellationToken);
            return await PlannedAsync(spec, MigrationMapping.ToProto(plan), context);
        }

        await commands.PlanAsync(spec, order, context.CancellationToken);
        return await PlannedAsync(spec, await ReadAsync(spec.Name, context), context);
    }

    public override async Task<V1.StartMigrationResponse> StartMigration(V1.StartMigrationRequest request, ServerCallContext context)
    {
        var name = ResourceNames.ParseMigration(request.Name, "name");
        await commands.StartAsync(name, context.Order(request.RequestId), context.CancellationToken);
        return new V1.StartMigrationResponse { Migration = await ReadAsync(name, context) };
    }

    public override async Task<V1.GetMigrationResponse> GetMigration(V1.GetMigrationRequest request, ServerCallContext context) =>
        new() { Migration = await ReadAsync(ResourceNames.ParseMigration(request.Name, "name"), context) };

    public override async Task<V1.ListMigrationsResponse> ListMigrations(V1.ListMigrationsRequest request, ServerCallContext context)
    {
        var size = Paging.Size(request.PageSize, usual: 50, largest: 500);
        var page = await queries.ListAsync(size, request.PageToken, context.CancellationToken);
        return new V1.ListMigrationsResponse
        {
            Migrations = { page.Migrations.Select(MigrationMapping.ToListItem) },
            NextPageToken = page.NextPageToken,
        };
    }

    public override async Task WatchMigration(
        V1.WatchMigrationRequest request, IServerStreamWriter<V1.WatchMigrationResponse> responseStream, ServerCallContext context)
    {
        var name = ResourceNames.ParseMigration(request.Name, "name");
        using var ending = streams.Of(context);
        await foreach (var view in changes.WatchAsync(token => queries.GetAsync(name, token), MigrationChange.IsNone, ending.Token))
        {
            await responseStream.WriteAsync(new V1.WatchMigrationResponse { Migration = MigrationMapping.ToProto(view) }, context.CancellationToken);
            if (view.State.IsFinished)
            {
                return;
            }
        }
    }

    public override async Task<V1.PauseMigrationResponse> PauseMigration(V1.PauseMigrationRequest request, ServerCallContext context)
    {
        var name = ResourceNames.ParseMigration(request.Name, "name");
        var reason = FreeText.Check("reason", request.Reason);
        await commands.PauseAsync(name, reason, context.Order(request.RequestId), context.CancellationToken);
        return new V1.PauseMigrationResponse { Migration = await ReadAsync(name, context) };
    }

    public override async Task<V1.ResumeMigrationResponse> ResumeMigration(V1.ResumeMigrationRequest request, ServerCallContext context)
    {
        var name = ResourceNames.ParseMigration(request.Name, "name");
        await commands.ResumeAsync(name, context.Order(request.RequestId), context.CancellationToken);
        return new V1.ResumeMigrationResponse { Migration = await ReadAsync(name, context) };
    }

    public override async Task<V1.ApproveMigrationResponse> ApproveMigration(V1.ApproveMigrationRequest request, ServerCallContext context)
    {
        var name = ResourceNames.ParseMigration(request.Name, "name");
        await commands.ApproveAsync(name, context.Order(request.RequestId), context.CancellationToken);
        return new V1.ApproveMigrationResponse { Migration = await ReadAsync(name, context) };
    }

    public override async Task<V1.RetryMigrationResponse> RetryMigration(V1.RetryMigrationRequest request, ServerCallContext context)
    {
        var name = ResourceNames.ParseMigration(request.Name, "name");
        await commands.RetryAsync(name, context.Order(request.RequestId), context.CancellationToken);
        return new V1.RetryMigrationResponse { Migration = await ReadAsync(name, context) };
    }

    public override async Task<V1.RollBackMigrationResponse> RollBackMigration(V1.RollBackMigrationRequest request, ServerCallContext context)
    {
        var name = ResourceNames.ParseMigration(request.Name, "name");
        await commands.RollBackAsync(name, context.Order(request.RequestId), context.CancellationToken);
        return new V1.RollBackMigrationResponse { Migration = await ReadAsync(name, context) };
    }

    public override async Task<V1.CancelMigrationResponse> CancelMigration(V1.CancelMigrationRequest request, ServerCallContext context)
    {
        var name = ResourceNames.ParseMigration(request.Name, "name");
        await commands.CancelAsync(name, context.Order(request.RequestId), context.CancellationToken);
        return new V1.CancelMigrationResponse { Migration = await ReadAsync(name, context) };
    }

    public override async Task VerifyMigration(
        V1.VerifyMigrationRequest request, IServerStreamWriter<V1.VerifyMigrationResponse> responseStream, ServerCallContext context)
    {
        var name = ResourceNames.ParseMigration(request.Name, "name");
        var order = new VerificationOrder(request.Repair, request.OldSideIsRight);
        using var ending = streams.Of(context);
        await foreach (var response in verification.RunAsync(name, order, context.Order(""), ending.Token))
        {
            await responseStream.WriteAsync(response, context.CancellationToken);
        }
    }

    public override async Task<V1.ListMigrationEventsResponse> ListMigrationEvents(
        V1.ListMigrationEventsRequest request, ServerCallContext context)
    {
        var name = ResourceNames.ParseMigration(request.Name, "name");
        var size = Paging.Size(request.PageSize, usual: 100, largest: 1000);
        var page = await queries.HistoryAsync(name, size, request.PageToken, context.CancellationToken);
        return new V1.ListMigrationEventsResponse
        {
            Events = { page.Entries.Select(EventMapping.ToProto) },
            NextPageToken = page.NextPageToken,
        };
    }

    public override async Task<V1.RetireVersionsResponse> RetireVersions(V1.RetireVersionsRequest request, ServerCallContext context)
    {
        var name = ResourceNames.ParseMigration(request.Name, "name");
        var reason = FreeText.Check("reason", request.Reason);
        await retirements.RetireAsync(name, reason, context.Order(request.RequestId), context.CancellationToken);
        return new V1.RetireVersionsResponse { Migration = await ReadAsync(name, context) };
    }

    public override async Task<V1.UnretireVersionsResponse> UnretireVersions(
        V1.UnretireVersionsRequest request, ServerCallContext context)
    {
        var name = ResourceNames.ParseMigration(request.Name, "name");
        var reason = FreeText.Check("reason", request.Reason);
        await retirements.UnRetireAsync(name, reason, context.Order(request.RequestId), context.CancellationToken);
        return new V1.UnretireVersionsResponse { Migration = await ReadAsync(name, context) };
    }

    public override async Task<V1.CheckTargetResponse> CheckTarget(V1.CheckTargetRequest request, ServerCallContext context)
    {
        var spec = request.Yaml.Length == 0 ? null : SpecMapping.FromYaml(request.Yaml);
        var tables = TargetMapping.TablesOf(request, spec);
        var findings = await targets.CheckAsync(request.Target, tables, context.CancellationToken);
        var response = new V1.CheckTargetResponse { Findings = { findings.Select(TargetMapping.ToProto) } };
        if (spec is not null)
        {
            response.Findings.AddRange((await strict.CheckAsync(spec, context.CancellationToken)).Select(TargetMapping.ToProto));
            response.SetupScripts.AddRange((await strict.ScriptsAsync(spec, context.CancellationToken)).Select(TargetMapping.ToProto));
        }

        return response;
    }

    private async Task<V1.PlanMigrationResponse> PlannedAsync(MigrationSpec spec, V1.Migration migration, ServerCallContext context)
    {
        var findings = await strict.CheckAsync(spec, context.CancellationToken);
        return new V1.PlanMigrationResponse
        {
            Migration = migration,
            StrictFindings = { findings.Where(found => found.Finding.Severity != FindingSeverity.Ok).Select(TargetMapping.ToProto) },
        };
    }

    private async Task<V1.Migration> ReadAsync(string name, ServerCallContext context) =>
        MigrationMapping.ToProto(await queries.GetAsync(name, context.CancellationToken));
}
