using Coordinator.Engine.Readiness;
using Coordinator.Server.Errors;
using Coordinator.Server.Mapping;
using Kind = Coordinator.V1.ReadinessQuestion.KindOneofCase;

namespace Coordinator.Server.Readiness;

/// <summary>What a deploy tool asks, as a query that can be asked again and again.</summary>
internal sealed class ReadinessQuestions(ReadinessQueries queries, ContractQueries contracts)
{
    private const int Most = 100;

    /// <summary>One question, or several of which each blocker names its own.</summary>
    public Func<CancellationToken, Task<ReadinessAnswer>> Parse(
        V1.ReadinessQuestion? question, IReadOnlyList<V1.ReadinessQuestion> questions)
    {
        if (questions.Count == 0)
        {
            var ask = Parse(question);
            return async token => ReadinessAnswer.Of(await ask(token));
        }

        if (question is not null)
        {
            throw InvalidRequest.Field(
                "questions", "QUESTION_AMBIGUOUS", "Both question and questions are set.", "Set one of them.");
        }

        if (questions.Count > Most)
        {
            throw InvalidRequest.Field(
                "questions", "TOO_MANY_QUESTIONS", $"{questions.Count} questions are asked at once.", $"Ask at most {Most} in one call.");
        }

        var all = questions.Select(one => (Ask: Parse(one), Text: QuestionText.Of(one))).ToList();
        return async token =>
        {
            var answers = new List<(string?, ReadinessVerdict)>();
            foreach (var (ask, text) in all)
            {
                answers.Add((text, await ask(token)));
            }

            return ReadinessAnswer.Of(answers);
        };
    }

    private Func<CancellationToken, Task<ReadinessVerdict>> Parse(V1.ReadinessQuestion? question)
    {
        switch (question?.KindCase)
        {
            case Kind.Deploy:
                var deployed = ResourceNames.ParseApplication(question.Deploy.Application);
                return token => queries.DeployAsync(deployed, question.Deploy.SchemaVersion, token);
            case Kind.RollBack:
                var rolledBack = ResourceNames.ParseApplication(question.RollBack.Application);
                return token => queries.RollBackAsync(rolledBack, question.RollBack.SchemaVersion, token);
            case Kind.Migration:
                var migration = ResourceNames.ParseMigration(question.Migration.Migration, "question.migration.migration");
                var milestone = Parse(question.Migration.Milestone);
                return token => queries.MilestoneAsync(migration, milestone, token);
            case Kind.Contract:
                var contracted = ResourceNames.ParseMigration(question.Contract.Migration, "question.contract.migration");
                return token => contracts.WouldBreakAsync(contracted, token);
            default:
                throw InvalidRequest.Field(
                    "question", "QUESTION_MISSING", "Nothing is asked.", "Set deploy, roll_back, migration or contract.");
        }
    }

    private static Milestone Parse(V1.ReadinessQuestion.Types.MigrationMilestone.Types.Milestone milestone) => milestone switch
    {
        V1.ReadinessQuestion.Types.MigrationMilestone.Types.Milestone.Expanded => Milestone.Expanded,
        V1.ReadinessQuestion.Types.MigrationMilestone.Types.Milestone.Backfilled => Milestone.Backfilled,
        V1.ReadinessQuestion.Types.MigrationMilestone.Types.Milestone.Contractable => Milestone.Contractable,
        V1.ReadinessQuestion.Types.MigrationMilestone.Types.Milestone.Completed => Milestone.Completed,
        _ => throw InvalidRequest.Field(
            "question.migration.milestone",
            "MILESTONE_MISSING",
            "It is not said which point of the migration is meant.",
            "Set milestone to EXPANDED, BACKFILLED, CONTRACTABLE or COMPLETED."),
    };
}
