using System.CommandLine;
using Coordinator.Cli.Hosting;
using Coordinator.Cli.Invocation;
using Coordinator.Worker;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator worker</c></summary>
internal static class WorkerCommand
{
    private const string Epilogue = """
        Start as many as you like, anywhere that reaches Coordinator and the target; they share the work by themselves, and
        any of them may be killed at any moment. A worker's role needs rights on the tables, and none to change them.

        Examples:
          coordinator worker --target shop="Host=db;Database=shop;Username=coordinator_worker"
          COORDINATOR_TARGET_SHOP="Host=db;Database=shop;Username=coordinator_worker;Password=..." \
            coordinator worker --address http://coordinator:8081 --parallelism 4

        COORDINATOR_TARGET_SHOP_EU is the target shop-eu; COORDINATOR_TARGET_SHOP__EU_1 is shard eu-1 of the target shop
        (as a flag: --target shop/eu-1=...). Keep passwords in the environment or in a password file (PGPASSFILE): other
        users can read flags in the process list. SIGTERM ends it in an orderly way, with 0.
        """;

    public static Command Create(CommandRunner runner)
    {
        var targets = TargetConnections.CreateOption(
            $"A target that it may write, with the worker's connection; may be repeated. Also {TargetConnections.VariablePrefix}NAME.");
        var workerId = new Option<string?>("--worker-id")
        {
            Description = "Its own id, another one for every process. Made up by default.",
            HelpName = "ID",
        };
        var parallelism = new Option<int>("--parallelism", "-p")
        {
            Description = "How many batches run at the same time.",
            HelpName = "N",
            DefaultValueFactory = static _ => 1,
        };
        var migration = new Option<string?>("--migration") { Description = "Only batches of this migration.", HelpName = "NAME" };
        var command = new Command("worker", "Run backfill batches until told to stop.") { targets, workerId, parallelism, migration };
        return runner.Bind(command, Epilogue, (context, cancellationToken) =>
        {
            var options = new CoordinatorWorkerOptions { Parallelism = context.Get(parallelism), Migration = context.Get(migration) ?? "" };
            if (context.Get(workerId) is { Length: > 0 } id)
            {
                options.WorkerId = id;
            }

            foreach (var (name, connection) in TargetConnections.FromEnvironment(context.Environment)
                .Concat(TargetConnections.Parse(context.Get(targets))))
            {
                options.Targets[name] = connection;
            }

            return RunAsync(context, options, cancellationToken);
        });
    }

    private static async Task<int> RunAsync(
        CommandContext context, CoordinatorWorkerOptions options, CancellationToken cancellationToken)
    {
        using var logs = LoggerFactory.Create(logging => ProcessLog.Configure(logging, context.Environment));
        try
        {
            await using var worker = new BackfillWorker(
                context.Client, options, context.Environment.Time, logs.CreateLogger<BackfillWorker>());
            await worker.RunAsync(cancellationToken);
            return ExitCode.Done;
        }
        catch (OptionsValidationException exception)
        {
            throw new UsageException(string.Join(' ', exception.Failures), "'coordinator worker --help' shows examples.");
        }
    }
}
