using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Server;
using Microsoft.Extensions.Configuration;

namespace Coordinator.Cli.Hosting;

/// <summary>Where the server's settings come from: file, environment, flags, the last word last.</summary>
internal sealed class ServerSettings
{
    /// <summary>The name of the one shard of a target that is given as a flag.</summary>
    private const string OnlyShard = "main";

    private readonly Option<string?> _config = new("--config", "-c")
    {
        Description = "A JSON file with the section Coordinator.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _connectionString = new("--connection-string")
    {
        Description = "The coordination database, as Npgsql reads it; without a password.",
        HelpName = "TEXT",
    };

    private readonly Option<string[]> _targets = TargetConnections.CreateOption("A target of one database; may be repeated.");

    private readonly Option<string?> _listen = new("--listen")
    {
        Description = "Where gRPC is served. http://127.0.0.1:8081 by default.",
        HelpName = "URL",
    };

    private readonly Option<string?> _httpListen = new("--http-listen")
    {
        Description = "Where /healthz and readiness are served over HTTP/1.1; empty for nowhere. http://127.0.0.1:8080 by default.",
        HelpName = "URL",
    };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_config, _connectionString, _targets, _listen, _httpListen])
        {
            command.Options.Add(option);
        }
    }

    /// <exception cref="UsageException">The file can't be read.</exception>
    public IConfiguration Read(CommandContext context)
    {
        var builder = new ConfigurationBuilder();
        if (context.Get(_config) is { Length: > 0 } file)
        {
            builder.AddJsonFile(Path.GetFullPath(file), optional: false, reloadOnChange: false);
        }

        builder.AddInMemoryCollection(FromEnvironment(context.Environment));
        builder.AddInMemoryCollection(FromFlags(context));
        try
        {
            return builder.Build();
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw new UsageException(
                $"The configuration can't be read: {exception.GetBaseException().Message}", "Check --config.");
        }
    }

    private static IEnumerable<KeyValuePair<string, string?>> FromEnvironment(CommandEnvironment environment) =>
        environment.Variables()
            .Where(static v => v.Key.StartsWith(CoordinatorServerOptions.SectionName + "__", StringComparison.OrdinalIgnoreCase))
            .Select(static v => KeyValuePair.Create(v.Key.Replace("__", ":", StringComparison.Ordinal), (string?)v.Value));

    private IEnumerable<KeyValuePair<string, string?>> FromFlags(CommandContext context)
    {
        (string Setting, string? Value)[] flags =
        [
            (nameof(CoordinatorServerOptions.ConnectionString), context.Get(_connectionString)),
            (nameof(CoordinatorServerOptions.Listen), context.Get(_listen)),
            (nameof(CoordinatorServerOptions.HttpListen), context.Get(_httpListen)),
            .. TargetConnections.Parse(context.Get(_targets)).Select(static t =>
                ($"{nameof(CoordinatorServerOptions.Targets)}:{t.Key}:Shards:{OnlyShard}", (string?)t.Value)),
        ];
        return flags
            .Where(static flag => flag.Value is not null)
            .Select(static flag => KeyValuePair.Create($"{CoordinatorServerOptions.SectionName}:{flag.Setting}", flag.Value));
    }
}
