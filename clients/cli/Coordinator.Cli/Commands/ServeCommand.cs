using System.CommandLine;
using Coordinator.Cli.Hosting;
using Coordinator.Cli.Invocation;
using Coordinator.Server;
using Coordinator.Server.Configuration;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator serve</c></summary>
internal static class ServeCommand
{
    private const string Epilogue = """
        A flag wins over the environment, the environment over the file. Any setting can be given in the environment: its
        path with two underscores, such as Coordinator__Targets__shop__Shards__main. Keep passwords there or in a password
        file (PGPASSFILE); other users can read flags in the process list.

        Examples:
          coordinator serve --config /etc/coordinator/coordinator.json
          Coordinator__ConnectionString="Host=db;Database=coordinator;Username=coordinator" \
            coordinator serve --target shop="Host=db;Database=shop;Username=coordinator" --listen http://127.0.0.1:8081

        coordinator.json:
          {
            "Coordinator": {
              "ConnectionString": "Host=db;Database=coordinator;Username=coordinator",
              "Listen": "http://127.0.0.1:8081",
              "Targets": {
                "shop": {
                  "Shards": { "main": "Host=db;Database=shop;Username=coordinator" },
                  "WorkerRoles": [ "coordinator_worker" ]
                }
              }
            }
          }

        An address that the network can reach needs ApiKeys or client certificates. SIGTERM ends it in an orderly way,
        with 0. Any number of replicas may run on one coordination database.
        """;

    public static Command Create(CommandRunner runner)
    {
        var settings = new ServerSettings();
        var command = new Command("serve", "Run one replica of the server.");
        settings.AddTo(command);
        return runner.Bind(command, Epilogue, async (context, cancellationToken) =>
        {
            try
            {
                var options = CoordinatorServerOptions.Read(settings.Read(context));
                await CoordinatorServer.RunAsync(
                    options, builder => ProcessLog.Configure(builder.Logging, context.Environment), cancellationToken);
                return ExitCode.Done;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // Ended while it was starting: nothing was begun that would have to be finished.
                return ExitCode.Done;
            }
            catch (InvalidConfigurationException exception)
            {
                throw new UsageException(exception.Message, "'coordinator serve --help' shows a configuration that works.");
            }
            catch (IOException exception)
            {
                throw new UsageException(exception.Message, "Choose other addresses with --listen and --http-listen.");
            }
        });
    }
}
