using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.Cli.Readiness;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator ready migration NAME MILESTONE</c></summary>
internal static class ReadyMigrationCommand
{
    private const string Epilogue = $"""
        Milestones:
          expanded        the new structure is there and kept in sync
          backfilled      it is filled and verified: versions that need it may be deployed
          contractable    nothing but the contract itself is left to do
          completed       the old structure is gone

        Example:
          coordinator ready migration rename-balance backfilled --wait --timeout 2h

        {ReadinessOptions.ExitCodes}
        """;

    public static Command Create(CommandRunner runner)
    {
        var name = MigrationArgument.Create();
        var milestone = new Argument<string>("MILESTONE") { Description = string.Join(", ", QuestionArgument.Milestones.Keys) + "." };
        milestone.AcceptOnlyFromAmong([.. QuestionArgument.Milestones.Keys]);
        var options = new ReadinessOptions();
        var command = new Command("migration", "Has the migration passed this point?") { name, milestone };
        options.AddTo(command);
        return runner.Bind(command, Epilogue, (context, cancellationToken) =>
        {
            var asked = new ReadinessQuestion.Types.MigrationMilestone
            {
                Migration = ResourceName.Migration(context.Get(name)),
                Milestone = QuestionArgument.Milestones[context.Get(milestone)],
            };
            return options.AskAsync(
                context,
                new ReadinessQuestion { Migration = asked },
                $"migration {context.Get(name)} {context.Get(milestone)}",
                cancellationToken);
        });
    }
}
