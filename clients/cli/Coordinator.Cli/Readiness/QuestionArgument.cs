using System.CommandLine;
using System.Globalization;
using Coordinator.Cli.Migrations;
using Coordinator.V1;
using Milestone = Coordinator.V1.ReadinessQuestion.Types.MigrationMilestone.Types.Milestone;

namespace Coordinator.Cli.Readiness;

/// <summary>Questions in the form that the service's HTTP queries have and its blockers name: <c>deploy=shop-api:42</c>.</summary>
internal static class QuestionArgument
{
    /// <summary>The points that a migration passes, by their names on the command line.</summary>
    public static IReadOnlyDictionary<string, Milestone> Milestones { get; } = new Dictionary<string, Milestone>(StringComparer.Ordinal)
    {
        ["expanded"] = Milestone.Expanded,
        ["backfilled"] = Milestone.Backfilled,
        ["contractable"] = Milestone.Contractable,
        ["completed"] = Milestone.Completed,
    };

    public static Argument<string[]> Create()
    {
        var argument = new Argument<string[]>("QUESTION")
        {
            Description = "deploy=APP:VERSION, rollback=APP:VERSION, migration=NAME:MILESTONE or contract=NAME.",
            Arity = ArgumentArity.OneOrMore,
        };
        argument.Validators.Add(static result =>
        {
            foreach (var token in result.Tokens.Where(token => Parse(token.Value) is null))
            {
                result.AddError($"'{token.Value}' is not a question such as deploy=shop-api:42 or migration=rename-balance:completed.");
            }
        });
        return argument;
    }

    /// <summary>The question; null when the text is none.</summary>
    public static ReadinessQuestion? Parse(string text)
    {
        var (key, value) = Split(text, '=');
        var (name, detail) = Split(value, ':');
        return key switch
        {
            _ when name.Length == 0 => null,
            "deploy" when Version(name, detail) is { } deployed => new() { Deploy = deployed },
            "rollback" when Version(name, detail) is { } back => new() { RollBack = back },
            "migration" when Milestones.TryGetValue(detail, out var milestone) =>
                new() { Migration = new() { Migration = ResourceName.Migration(name), Milestone = milestone } },
            "contract" when detail.Length == 0 => new() { Contract = new() { Migration = ResourceName.Migration(name) } },
            _ => null,
        };
    }

    private static ReadinessQuestion.Types.ApplicationVersion? Version(string application, string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var version) && version > 0
            ? new() { Application = application, SchemaVersion = version }
            : null;

    private static (string Front, string Back) Split(string text, char at)
    {
        var index = text.IndexOf(at, StringComparison.Ordinal);
        return index < 0 ? (text, "") : (text[..index], text[(index + 1)..]);
    }
}
