using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Readiness;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator ready all QUESTION...</c></summary>
internal static class ReadyAllCommand
{
    private const string Epilogue = $"""
        The answer is the worst of all answers, and each blocker says which question it belongs to: a deploy of several
        applications goes on when all of them may.

        Examples:
          coordinator ready all deploy=shop-api:42 deploy=shop-worker:17 --wait --timeout 10m
          coordinator ready all deploy=shop-api:42 migration=rename-balance:completed rollback=shop-worker:16
          coordinator ready all contract=rename-balance contract=drop-review-stars

        {ReadinessOptions.ExitCodes}
        """;

    public static Command Create(CommandRunner runner)
    {
        var questions = QuestionArgument.Create();
        var options = new ReadinessOptions();
        var command = new Command("all", "Several questions at once: is the answer to all of them yes?") { questions };
        options.AddTo(command);
        return runner.Bind(command, Epilogue, (context, cancellationToken) =>
        {
            var asked = context.Get(questions);
            return options.AskAsync(
                context,
                new CheckRequest { Questions = { asked.Select(QuestionArgument.Parse).OfType<ReadinessQuestion>() } },
                string.Join(", ", asked),
                cancellationToken);
        });
    }
}
