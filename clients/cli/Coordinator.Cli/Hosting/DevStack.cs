using Coordinator.Cli.Invocation;
using Coordinator.Client;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Embedded;
using Coordinator.Server;
using Coordinator.Server.Configuration;
using Coordinator.Worker;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Coordinator.Cli.Hosting;

/// <summary>PostgreSQL, one replica of the server and one worker in this process, from start to orderly end.</summary>
internal sealed class DevStack(CommandContext context)
{
    private const string SpecificationFile = "rename-review-comment.yaml";

    public required string? Directory { get; init; }

    public required string Listen { get; init; }

    public required int Rows { get; init; }

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RunUntilCancelledAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Ctrl-C is how it is meant to end.
        }

        context.Note("stopped");
        return ExitCode.Done;
    }

    private async Task RunUntilCancelledAsync(CancellationToken cancellationToken)
    {
        context.Note("starting PostgreSQL ...");
        await using var postgres = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions { Directory = Directory is null ? null : Path.GetFullPath(Directory) }, cancellationToken);
        var database = new DevDatabase(postgres);
        context.Note($"preparing the database '{DevDatabase.Target}' ...");
        await database.CreateAsync(Rows, cancellationToken);
        await using var server = await StartServerAsync(database, cancellationToken);
        var address = server.Urls.First();
        using var logs = LoggerFactory.Create(logging => ProcessLog.Configure(logging, context.Environment, LogLevel.Warning));
        using var client = new CoordinatorClient(new CoordinatorClientOptions { Addresses = { address } }, context.Environment.Time, logs);
        await using var worker = new BackfillWorker(
            client,
            new CoordinatorWorkerOptions { Targets = { [DevDatabase.Target] = database.WorkerConnection } },
            context.Environment.Time,
            logs.CreateLogger<BackfillWorker>());
        DevWelcome.Write(context, postgres, address, await WriteSpecificationAsync(postgres, cancellationToken));
        await worker.RunAsync(cancellationToken);
        // The server ends by itself when it is disposed of; ending it first lets watchers be told.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5), context.Environment.Time);
        await server.StopAsync(patience.Token);
    }

    private async Task<WebApplication> StartServerAsync(DevDatabase database, CancellationToken cancellationToken)
    {
        var options = new CoordinatorServerOptions
        {
            ConnectionString = database.CoordinationConnection,
            Listen = Listen,
            HttpListen = "",
            Targets =
            {
                [DevDatabase.Target] = new TargetOptions
                {
                    Shards = { ["main"] = database.TargetConnection },
                    WorkerRoles = [DevDatabase.WorkerRole],
                    // Whoever looks at the sample with psql is no application that a contract has to wait for.
                    IgnoredRoles = [DevDatabase.AdministratorRole],
                },
            },
        };
        WebApplication? server = null;
        try
        {
            server = CoordinatorServer.Build(
                options, builder => ProcessLog.Configure(builder.Logging, context.Environment, LogLevel.Warning));
            await server.StartAsync(cancellationToken);
            return server;
        }
        catch (Exception exception) when (exception is InvalidConfigurationException or IOException)
        {
            await (server?.DisposeAsync() ?? ValueTask.CompletedTask);
            throw new UsageException(exception.Message, "Choose another loopback address with --listen, such as http://127.0.0.1:9081.");
        }
    }

    private static async Task<string> WriteSpecificationAsync(EmbeddedPostgres postgres, CancellationToken cancellationToken)
    {
        var file = Path.Combine(postgres.SocketDirectory, SpecificationFile);
        await File.WriteAllTextAsync(file, DevDatabase.SampleSpecification, cancellationToken);
        return file;
    }
}
