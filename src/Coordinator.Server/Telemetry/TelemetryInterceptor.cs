using System.Diagnostics;
using Coordinator.Server.Hosting;
using Grpc.Core;

namespace Coordinator.Server.Telemetry;

/// <summary>A span and a duration for every call, by OpenTelemetry's conventions. The outermost: it sees the final status.</summary>
internal sealed class TelemetryInterceptor(ServerTelemetry telemetry, TimeProvider time) : CallInterceptor
{
    protected override async Task<T> AroundAsync<T>(ServerCallContext context, Func<Task<T>> call)
    {
        var method = context.Method.TrimStart('/');
        var started = time.GetTimestamp();
        using var activity = Start(method, context);
        var status = StatusCode.OK;
        try
        {
            return await call();
        }
        catch (RpcException exception)
        {
            status = exception.StatusCode;
            throw;
        }
        finally
        {
            Record(method, status, time.GetElapsedTime(started), activity);
        }
    }

    // The caller's span is the parent, not the one that ASP.NET Core makes for the request: that one is not exported.
    private Activity? Start(string method, ServerCallContext context) =>
        ActivityContext.TryParse(
            context.RequestHeaders.GetValue("traceparent"), context.RequestHeaders.GetValue("tracestate"), isRemote: true, out var parent)
            ? telemetry.Source.StartActivity(method, ActivityKind.Server, parent)
            : telemetry.Source.StartActivity(method, ActivityKind.Server, parentContext: default);

    private void Record(string method, StatusCode status, TimeSpan elapsed, Activity? activity)
    {
        var name = StatusNames.Of(status);
        var tags = new TagList
        {
            { "rpc.system.name", "grpc" },
            { "rpc.method", method },
            { "rpc.response.status_code", name },
        };
        if (IsServersFault(status))
        {
            tags.Add("error.type", name);
        }

        telemetry.CallDuration.Record(elapsed.TotalSeconds, tags);
        if (activity is { IsAllDataRequested: true })
        {
            foreach (var (key, value) in tags)
            {
                activity.SetTag(key, value);
            }
        }

        if (IsServersFault(status))
        {
            activity?.SetStatus(ActivityStatusCode.Error);
        }
    }

    // The conventions' list for servers: a refusal is the caller's error, not ours.
    private static bool IsServersFault(StatusCode status) => status is StatusCode.Unknown or StatusCode.DeadlineExceeded
        or StatusCode.Unimplemented or StatusCode.Internal or StatusCode.Unavailable or StatusCode.DataLoss;
}
