using System.CommandLine;
using Coordinator.Cli.Hosting;
using Coordinator.Cli.Invocation;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator dev</c></summary>
internal static class DevCommand
{
    private const int MostRows = 100_000_000;

    private const string Epilogue = """
        It needs PostgreSQL's server programs on this machine ('apt-get install postgresql', or COORDINATOR_POSTGRES_BIN).
        Nothing is opened to the network: PostgreSQL listens on a Unix socket in a private directory, the server on
        loopback. It prints how to connect and what to try; Ctrl-C stops all of it.

        Examples:
          coordinator dev                               throw-away: the directory is removed at the end
          coordinator dev --directory /var/tmp/coord    kept: the next start goes on where this one ended
        """;

    public static Command Create(CommandRunner runner)
    {
        var directory = new Option<string?>("--directory", "-d")
        {
            Description = "Where PostgreSQL's data and socket lie. A private temporary directory by default, removed at the end.",
            HelpName = "DIR",
        };
        var listen = new Option<string>("--listen")
        {
            Description = "Where the server listens; loopback only.",
            HelpName = "URL",
            DefaultValueFactory = static _ => RemoteOptions.DefaultAddress,
        };
        var rows = new Option<int>("--rows")
        {
            Description = "Rows in the sample table.",
            HelpName = "N",
            DefaultValueFactory = static _ => 100_000,
        };
        rows.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out var number) && number is < 0 or > MostRows)
            {
                result.AddError($"--rows is a number from 0 to {MostRows}.");
            }
        });
        var command = new Command("dev", "Try it: PostgreSQL with a sample database, the server and a worker, all in this process.")
        {
            directory, listen, rows,
        };
        return runner.Bind(command, Epilogue, (context, cancellationToken) => new DevStack(context)
        {
            Directory = context.Get(directory),
            Listen = context.Get(listen) ?? RemoteOptions.DefaultAddress,
            Rows = context.Get(rows),
        }.RunAsync(cancellationToken));
    }
}
