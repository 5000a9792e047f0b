using Coordinator.Server.Errors;

namespace Coordinator.Server.Readiness;

/// <summary>
/// The questions of <see cref="ReadinessService"/> over plain HTTP. Under <c>/v1/readiness</c> the answer is a JSON
/// document with status 200 whatever the verdict; under <c>/v1/gate</c> the status itself is the verdict, for tools that
/// look at nothing else. Both also take several questions at once, as a query.
/// </summary>
internal static class ReadinessEndpoints
{
    /// <summary>Every question's path behind the two prefixes, with how to read it.</summary>
    private static readonly (string Path, Func<RouteValueDictionary, V1.ReadinessQuestion> Read)[] Questions =
    [
        ("deploy/{application}/{schemaVersion}", route => new() { Deploy = Version(route) }),
        ("rollback/{application}/{schemaVersion}", route => new() { RollBack = Version(route) }),
        ("migration/{migration}/{milestone}", route => new() { Migration = Point(route) }),
        ("contract/{migration}", route => new() { Contract = new() { Migration = Text(route, "migration") } }),
    ];

    public static void MapReadiness(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapQuestion("", request => new() { Questions = { QuestionText.Read(request.QueryString) } });
        foreach (var (path, read) in Questions)
        {
            endpoints.MapQuestion($"/{path}", request => new() { Question = read(request.RouteValues) });
        }

        endpoints.Map("/v1/{**rest}", (HttpContext context) => HttpErrors.WriteAsync(context, ErrorTable.PathUnknown(
            Questions.Select(question => $"GET /v1/readiness/{question.Path}"))));
    }

    private static void MapQuestion(this IEndpointRouteBuilder endpoints, string path, Func<HttpRequest, V1.CheckRequest> read)
    {
        endpoints.MapGet($"/v1/readiness{path}", (HttpContext context, ReadinessMirror mirror) =>
            mirror.AnswerAsync(context, read, _ => StatusCodes.Status200OK));
        endpoints.MapMethods($"/v1/gate{path}", [HttpMethods.Get, HttpMethods.Post], (HttpContext context, ReadinessMirror mirror) =>
            mirror.AnswerAsync(context, read, ReadinessMirror.StatusOfVerdict));
    }

    private static V1.ReadinessQuestion.Types.ApplicationVersion Version(RouteValueDictionary route) => new()
    {
        Application = Text(route, "application"),
        SchemaVersion = QuestionText.Version(Text(route, "schemaVersion"), "schemaVersion"),
    };

    private static V1.ReadinessQuestion.Types.MigrationMilestone Point(RouteValueDictionary route) => new()
    {
        Migration = Text(route, "migration"),
        Milestone = QuestionText.Point(Text(route, "milestone"), "milestone"),
    };

    private static string Text(RouteValueDictionary route, string name) => (string)route[name]!;
}
