namespace Coordinator.Server.Health;

/// <summary>Health for what speaks no gRPC: <c>GET /healthz</c> answers 200 while calls are taken, else 503.</summary>
internal static class HealthEndpoint
{
    public static void MapHealthz(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet("/healthz", (ServingState serving) => serving.IsServing
            ? Results.Text("ok\n")
            : Results.Text("not serving\n", statusCode: StatusCodes.Status503ServiceUnavailable));
}
