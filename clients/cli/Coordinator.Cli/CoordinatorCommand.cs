using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Coordinator.Cli.Commands;
using Coordinator.Cli.Invocation;

namespace Coordinator.Cli;

/// <summary>The <c>coordinator</c> command: its subcommands, and the way to run one.</summary>
public static class CoordinatorCommand
{
    private const string Epilogue = """
        Examples:
          coordinator dev                                     try it: PostgreSQL, server and worker in one process
          coordinator plan rename.yaml --dry-run              what would happen, with all SQL
          coordinator status rename-balance                   what it does, and why it waits
          coordinator ready deploy shop-api 42 --wait         in a deploy pipeline: may I go on?

        Exit codes: 0 done, 1 unexpected, 2 usage, 3 not ready yet, 4 blocked or failed (needs a person), 5 not found,
        6 conflict, 7 denied, 69 Coordinator not reached, 75 temporary (try again), 124 --timeout reached,
        130 interrupted, 143 terminated.
        """;

    /// <summary>
    /// Runs one command line in this process: without a terminal, without an environment, with the given writers. Returns its exit
    /// code; cancelling the token is what Ctrl-C is at a terminal.
    /// </summary>
    public static Task<int> InvokeAsync(
        string[] args, TextWriter output, TextWriter error, CancellationToken cancellationToken) =>
        InvokeAsync(args, new CommandEnvironment { Output = output, Error = error }, cancellationToken);

    internal static Task<int> InvokeAsync(string[] args, CommandEnvironment environment, CancellationToken cancellationToken)
    {
        var root = Create(environment);
        var parsed = root.Parse(args);
        return parsed.Action is ParseErrorAction
            ? Task.FromResult(CommandLineErrors.Report(root, parsed, environment))
            : parsed.InvokeAsync(CommandLineErrors.Configuration(environment.Output, environment.Error), cancellationToken);
    }

    internal static RootCommand Create(CommandEnvironment environment)
    {
        var remote = new RemoteOptions();
        var runner = new CommandRunner(environment, remote);
        var root = new RootCommand("Coordinator makes schema changes on live PostgreSQL safe.")
        {
            // To plan and steer
            PlanCommand.Create(runner),
            StartCommand.Create(runner),
            PauseCommand.Create(runner),
            ResumeCommand.Create(runner),
            TuneCommand.Create(runner),
            ApproveCommand.Create(runner),
            VerifyCommand.Create(runner),
            RetryCommand.Create(runner),
            RetireCommand.Create(runner),
            UnRetireCommand.Create(runner),
            RollbackCommand.Create(runner),
            CancelCommand.Create(runner),

            // To look
            StatusCommand.Create(runner),
            WatchCommand.Create(runner),
            HistoryCommand.Create(runner),
            InstancesCommand.Create(runner),
            QuarantineCommand.Create(runner),

            // To ask and to say
            ReadyCommand.Create(runner),
            ApplicationCommand.Create(runner),
            TargetCommand.Create(runner),

            // To run
            ServeCommand.Create(runner),
            WorkerCommand.Create(runner),
            DevCommand.Create(runner),
        };
        remote.AddTo(root);
        runner.Group(root, Epilogue);
        ExtendHelp(root, runner);
        return root;
    }

    private static void ExtendHelp(RootCommand root, CommandRunner runner)
    {
        foreach (var help in root.Options.OfType<HelpOption>())
        {
            help.Action = new HelpPage(runner.Epilogues, (HelpAction)help.Action!);
        }
    }
}
