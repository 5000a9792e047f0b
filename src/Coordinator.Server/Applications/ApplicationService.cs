using Coordinator.Engine.Applications;
using Coordinator.Server.Errors;
using Coordinator.Server.Mapping;
using Coordinator.Server.Security;
using Grpc.Core;

namespace Coordinator.Server.Applications;

/// <summary>
/// Knows which versions of which applications are alive. <b>Nothing is acknowledged before it is on disk</b>: every
/// answer is written after the registry has returned.
/// </summary>
internal sealed class ApplicationService(InstanceRegistry registry, InstanceSessions sessions, InstanceLimits limits)
    : V1.ApplicationService.ApplicationServiceBase
{
    public override Task Session(
        IAsyncStreamReader<V1.SessionRequest> requestStream,
        IServerStreamWriter<V1.SessionResponse> responseStream,
        ServerCallContext context) => sessions.RunAsync(requestStream, responseStream, context);

    public override async Task<V1.HeartbeatResponse> Heartbeat(V1.HeartbeatRequest request, ServerCallContext context)
    {
        var report = ApplicationMapping.ToReport(request.Report);
        context.Caller().RequireApplication(report.Application);
        var allowance = limits.AllowanceOf(context.Caller());
        return ApplicationMapping.ToHeartbeatResponse(await registry.HeartbeatAsync(report, allowance, context.CancellationToken));
    }

    public override async Task<V1.LeaveResponse> Leave(V1.LeaveRequest request, ServerCallContext context)
    {
        var application = ResourceNames.ParseApplication(request.Application);
        context.Caller().RequireApplication(application);
        await registry.LeaveAsync(application, request.Instance, context.CancellationToken);
        return new V1.LeaveResponse();
    }

    public override async Task<V1.CheckStartResponse> CheckStart(V1.CheckStartRequest request, ServerCallContext context)
    {
        var application = ResourceNames.ParseApplication(request.Application);
        context.Caller().RequireApplication(application);
        var refusal = await registry.CheckStartAsync(application, request.SchemaVersion, context.CancellationToken);
        return refusal is null
            ? new V1.CheckStartResponse { Admitted = true }
            : new V1.CheckStartResponse { Reason = refusal.Code, Message = $"{refusal.Message} {refusal.Remedy}" };
    }

    public override async Task<V1.GetApplicationResponse> GetApplication(V1.GetApplicationRequest request, ServerCallContext context)
    {
        var name = ResourceNames.ParseApplication(request.Name);
        var row = await registry.FindApplicationAsync(name, context.CancellationToken) ?? throw NotFound.Application(name);
        return new V1.GetApplicationResponse { Application = ApplicationMapping.ToProto(row) };
    }

    public override async Task<V1.ListInstancesResponse> ListInstances(V1.ListInstancesRequest request, ServerCallContext context)
    {
        var page = await registry.ListInstancesAsync(
            ResourceNames.ParseApplication(request.Application),
            request.IncludeGone,
            Paging.Size(request.PageSize, usual: 100, largest: 1000),
            request.PageToken,
            context.CancellationToken);
        return new V1.ListInstancesResponse
        {
            Instances = { page.Items.Select(ApplicationMapping.ToProto) },
            NextPageToken = page.NextPageToken,
        };
    }

    public override async Task<V1.SetExpectedPopulationResponse> SetExpectedPopulation(
        V1.SetExpectedPopulationRequest request, ServerCallContext context)
    {
        var row = await registry.SetPopulationAsync(
            ResourceNames.ParseApplication(request.Application),
            ApplicationMapping.ToPopulation(request.ExpectedPopulation),
            context.Order(request.RequestId),
            context.CancellationToken);
        return new V1.SetExpectedPopulationResponse { Application = ApplicationMapping.ToProto(row) };
    }

    public override async Task<V1.AttestInstanceGoneResponse> AttestInstanceGone(
        V1.AttestInstanceGoneRequest request, ServerCallContext context)
    {
        var row = await registry.AttestGoneAsync(
            ResourceNames.ParseApplication(request.Application),
            request.Instance,
            FreeText.Check("reason", request.Reason),
            context.Order(request.RequestId),
            context.CancellationToken);
        return new V1.AttestInstanceGoneResponse { Instance = ApplicationMapping.ToProto(row) };
    }
}
