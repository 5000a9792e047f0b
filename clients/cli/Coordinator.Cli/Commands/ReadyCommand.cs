using System.CommandLine;
using Coordinator.Cli.Invocation;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator ready ...</c></summary>
internal static class ReadyCommand
{
    private const string Epilogue = """
        Examples:
          coordinator ready deploy shop-api 42                        may version 42 be deployed?
          coordinator ready deploy shop-api 42 --wait --timeout 10m   a deploy pipeline: go on when it ends with 0
          coordinator ready rollback shop-api 41                      is the way back to 41 still open?
          coordinator ready migration rename-balance backfilled
          coordinator ready contract rename-balance                   what would contracting break at this moment?
          coordinator ready all deploy=shop-api:42 deploy=shop-worker:17

        Exit codes: 0 ready, 3 not yet, 4 blocked (needs a person), 124 --timeout reached, 69 Coordinator not reached.
        A program that is running already needs no answer: when Coordinator is not reached, leave it running.
        """;

    public static Command Create(CommandRunner runner) => runner.Group(
        new Command("ready", "May I go on? The question of deploy tools, answered by the exit code.")
        {
            ReadyDeployCommand.Create(runner),
            ReadyRollbackCommand.Create(runner),
            ReadyMigrationCommand.Create(runner),
            ReadyContractCommand.Create(runner),
            ReadyAllCommand.Create(runner),
        },
        Epilogue);
}
