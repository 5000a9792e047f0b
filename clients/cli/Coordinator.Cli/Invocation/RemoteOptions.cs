using System.CommandLine;
using Coordinator.Cli.Output;
using Coordinator.Client;

namespace Coordinator.Cli.Invocation;

/// <summary>The options that every command has: where Coordinator is, who asks, and how to answer. A flag wins over the environment.</summary>
internal sealed class RemoteOptions
{
    public const string DefaultAddress = "http://127.0.0.1:8081";
    public const string AddressVariable = "COORDINATOR_ADDRESS";
    public const string TokenVariable = "COORDINATOR_TOKEN";
    public const string TokenFileVariable = "COORDINATOR_TOKEN_FILE";

    private static readonly string[] Formats = ["table", "json", "jsonl"];

    public Option<string[]> Address { get; } = new("--address", "-a")
    {
        Description =
            $"Coordinator's address; repeat it for several replicas. Else {AddressVariable}, else {DefaultAddress}.",
        HelpName = "URL",
        Recursive = true,
        Arity = ArgumentArity.OneOrMore,
    };

    // There is no flag for the token itself: every user of the machine could read it in the process list.
    public Option<string?> TokenFile { get; } = new("--token-file")
    {
        Description =
            $"A file with the bearer token. Else {TokenVariable}, else the file that {TokenFileVariable} names.",
        HelpName = "FILE",
        Recursive = true,
    };

    public Option<string> Output { get; } = new("--output", "-o")
    {
        Description = "table for people; json, or jsonl with one object per line, for programs.",
        HelpName = "table|json|jsonl",
        DefaultValueFactory = static _ => Formats[0],
        Recursive = true,
    };

    public RemoteOptions() => Output.AcceptOnlyFromAmong(Formats);

    public void AddTo(Command root)
    {
        root.Options.Add(Address);
        root.Options.Add(TokenFile);
        root.Options.Add(Output);
    }

    public OutputFormat FormatOf(ParseResult parsed) => parsed.GetValue(Output) switch
    {
        "json" => OutputFormat.Json,
        "jsonl" => OutputFormat.JsonLines,
        _ => OutputFormat.Table,
    };

    public CoordinatorClientOptions ClientOptions(ParseResult parsed, CommandEnvironment environment)
    {
        var options = new CoordinatorClientOptions { Token = ReadToken(parsed, environment) };
        foreach (var address in Addresses(parsed, environment))
        {
            options.Addresses.Add(address);
        }

        return options;
    }

    public IReadOnlyList<string> Addresses(ParseResult parsed, CommandEnvironment environment)
    {
        var given = parsed.GetValue(Address) is { Length: > 0 } flags ? flags : [environment.Variable(AddressVariable) ?? ""];
        var addresses = given
            .SelectMany(text => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            .ToList();
        return addresses.Count > 0 ? addresses : [DefaultAddress];
    }

    private string? ReadToken(ParseResult parsed, CommandEnvironment environment)
    {
        if (parsed.GetValue(TokenFile) is { Length: > 0 } named)
        {
            return ReadTokenFile(named);
        }

        if (environment.Variable(TokenVariable) is { Length: > 0 } token)
        {
            return token.Trim();
        }

        return environment.Variable(TokenFileVariable) is { Length: > 0 } file ? ReadTokenFile(file) : null;
    }

    private static string ReadTokenFile(string file)
    {
        try
        {
            return File.ReadAllText(file).Trim() is { Length: > 0 } token
                ? token
                : throw new UsageException($"The token file '{file}' is empty.", "Put the bearer token into it.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException(
                $"The token file '{file}' can't be read: {exception.Message}",
                $"Check --token-file or {TokenFileVariable}.");
        }
    }
}
