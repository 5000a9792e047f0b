using System.Globalization;
using Coordinator.Server.Errors;
using Coordinator.Server.Mapping;
using Microsoft.AspNetCore.WebUtilities;
using Kind = Coordinator.V1.ReadinessQuestion.KindOneofCase;
using Milestone = Coordinator.V1.ReadinessQuestion.Types.MigrationMilestone.Types.Milestone;

namespace Coordinator.Server.Readiness;

/// <summary>
/// A question as <c>key=value</c>, the way a query asks it and a blocker names it: <c>deploy=shop-api:42</c>,
/// <c>rollback=shop-api:41</c>, <c>migration=rename:completed</c>, <c>contract=rename</c>. The command reads the same form.
/// </summary>
internal static class QuestionText
{
    private static readonly Dictionary<string, Milestone> Milestones = new(StringComparer.Ordinal)
    {
        ["expanded"] = Milestone.Expanded,
        ["backfilled"] = Milestone.Backfilled,
        ["contractable"] = Milestone.Contractable,
        ["completed"] = Milestone.Completed,
    };

    /// <summary>A question that was understood, as a text.</summary>
    public static string Of(V1.ReadinessQuestion question) => question.KindCase switch
    {
        Kind.Deploy => $"deploy={Of(question.Deploy)}",
        Kind.RollBack => $"rollback={Of(question.RollBack)}",
        Kind.Migration => $"migration={Name(question.Migration.Migration)}:"
            + Milestones.FirstOrDefault(entry => entry.Value == question.Migration.Milestone).Key,
        Kind.Contract => $"contract={Name(question.Contract.Migration)}",
        _ => "",
    };

    /// <summary>The questions of a query, in its order.</summary>
    public static IEnumerable<V1.ReadinessQuestion> Read(QueryString query)
    {
        foreach (var pair in new QueryStringEnumerable(query.Value))
        {
            yield return Read(pair.DecodeName().ToString(), pair.DecodeValue().ToString());
        }
    }

    public static long Version(string text, string field) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? version
            : throw InvalidRequest.Field(
                field,
                "INVALID_SCHEMA_VERSION",
                "The schema version is not a whole number above 0.",
                "Ask for the newest schema version that the program was built for, such as 42.");

    public static Milestone Point(string text, string field) => Milestones.TryGetValue(text, out var milestone)
        ? milestone
        : throw InvalidRequest.Field(
            field,
            "INVALID_MILESTONE",
            "That is not a point that a migration passes.",
            "Ask for expanded, backfilled, contractable or completed.");

    private static V1.ReadinessQuestion Read(string key, string value)
    {
        switch (key)
        {
            case "deploy":
                return new() { Deploy = Version(key, Split(key, value, "shop-api:42")) };
            case "rollback":
                return new() { RollBack = Version(key, Split(key, value, "shop-api:41")) };
            case "migration":
                var (migration, point) = Split(key, value, "rename-balance:completed");
                return new() { Migration = new() { Migration = migration, Milestone = Point(point, key) } };
            case "contract":
                return new() { Contract = new() { Migration = value } };
            default:
                throw InvalidRequest.Field(
                    key,
                    "INVALID_QUESTION",
                    $"'{key}' is no question.",
                    "Ask deploy=APP:VERSION, rollback=APP:VERSION, migration=NAME:MILESTONE or contract=NAME, each as often as needed.");
        }
    }

    private static V1.ReadinessQuestion.Types.ApplicationVersion Version(string key, (string Application, string Version) asked) =>
        new() { Application = asked.Application, SchemaVersion = Version(asked.Version, key) };

    // A colon is in none of the two, nor in a name.
    private static (string Name, string Detail) Split(string key, string value, string example)
    {
        var at = value.IndexOf(':', StringComparison.Ordinal);
        return at > 0
            ? (value[..at], value[(at + 1)..])
            : throw InvalidRequest.Field(key, "INVALID_QUESTION", $"'{value}' lacks what is asked about.", $"Ask {key}={example}.");
    }

    private static string Of(V1.ReadinessQuestion.Types.ApplicationVersion asked) =>
        string.Create(CultureInfo.InvariantCulture, $"{ResourceNames.ParseApplication(asked.Application)}:{asked.SchemaVersion}");

    private static string Name(string migration) => ResourceNames.ParseMigration(migration, "questions");
}
