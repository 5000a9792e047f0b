using System.Globalization;
using Coordinator.Server.Errors;
using Milestone = Coordinator.V1.ReadinessQuestion.Types.MigrationMilestone.Types.Milestone;

namespace Coordinator.Server.Readiness;

/// <summary>
/// The questions of <see cref="ReadinessService"/> over plain HTTP. Under <c>/v1/readiness</c> the answer is a JSON
/// document with status 200 whatever the verdict; under <c>/v1/gate</c> the status itself is the verdict, for tools that
/// look at nothing else.
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
        foreach (var (path, read) in Questions)
        {
            endpoints.MapGet($"/v1/readiness/{path}", (HttpContext context, ReadinessMirror mirror) =>
                mirror.AnswerAsync(context, read, _ => StatusCodes.Status200OK));
            endpoints.MapMethods($"/v1/gate/{path}", [HttpMethods.Get, HttpMethods.Post], (HttpContext context, ReadinessMirror mirror) =>
                mirror.AnswerAsync(context, read, ReadinessMirror.StatusOfVerdict));
        }

        endpoints.Map("/v1/{**rest}", (HttpContext context) => HttpErrors.WriteAsync(context, ErrorTable.PathUnknown(
            Questions.Select(question => $"GET /v1/readiness/{question.Path}"))));
    }

    private static V1.ReadinessQuestion.Types.ApplicationVersion Version(RouteValueDictionary route) => new()
    {
        Application = Text(route, "application"),
        SchemaVersion = long.TryParse(
            Text(route, "schemaVersion"), NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? version
            : throw InvalidRequest.Field(
                "schemaVersion",
                "INVALID_SCHEMA_VERSION",
                "The schema version is not a whole number above 0.",
                "Ask for the newest schema version that the program was built for, such as 42."),
    };

    private static V1.ReadinessQuestion.Types.MigrationMilestone Point(RouteValueDictionary route) => new()
    {
        Migration = Text(route, "migration"),
        Milestone = Text(route, "milestone") switch
        {
            "expanded" => Milestone.Expanded,
            "backfilled" => Milestone.Backfilled,
            "contractable" => Milestone.Contractable,
            "completed" => Milestone.Completed,
            _ => throw InvalidRequest.Field(
                "milestone",
                "INVALID_MILESTONE",
                "That is not a point that a migration passes.",
                "Ask for expanded, backfilled, contractable or completed."),
        },
    };

    private static string Text(RouteValueDictionary route, string name) => (string)route[name]!;
}
