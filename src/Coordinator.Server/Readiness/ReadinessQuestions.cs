using Coordinator.Domain.Migrations;
using Coordinator.Engine.Readiness;
using Coordinator.Server.Errors;
using Coordinator.Server.Mapping;
using Kind = Coordinator.V1.ReadinessQuestion.KindOneofCase;

namespace Coordinator.Server.Readiness;

/// <summary>What a deploy tool asks, as a query that can be asked again and again.</summary>
internal sealed class ReadinessQuestions(ReadinessQueries queries, ContractQueries contracts)
{
    public Func<CancellationToken, Task<ReadinessVerdict>> Parse(V1.ReadinessQuestion? question)
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

    /// <summary>Whether an answer is the one before: the texts of blockers age with every look, and that is no news.</summary>
    public static bool IsSame(ReadinessVerdict before, ReadinessVerdict after) =>
        before.Verdict == after.Verdict
        && Subjects(before.Blockers).SequenceEqual(Subjects(after.Blockers))
        && Subjects(before.Losses ?? []).SequenceEqual(Subjects(after.Losses ?? []));

    private static IEnumerable<(string Code, string Subject)> Subjects(IReadOnlyList<Blocker> blockers) =>
        blockers.Select(blocker => (blocker.Code, blocker.Subject));

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
