using System.CommandLine;
using Coordinator.Cli.Output;
using Coordinator.Client;
using Grpc.Core;
using Microsoft.Extensions.Options;

namespace Coordinator.Cli.Invocation;

/// <summary>One run of a command: its arguments, the client to call with and the writers to answer on.</summary>
internal sealed class CommandContext(ParseResult parsed, CommandEnvironment environment, RemoteOptions remote) : IDisposable
{
    // Long enough for a pause or rollback to wait out a running batch; a repeat of the command is harmless in any case.
    private static readonly TimeSpan MutationTimeout = TimeSpan.FromSeconds(30);

    // Planning and checking read a target's catalogue, which may be far away.
    private static readonly TimeSpan TargetTimeout = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan QueryTimeout = TimeSpan.FromSeconds(10);

    private CoordinatorClient? _client;

    public CommandEnvironment Environment => environment;

    public OutputFormat Format => remote.FormatOf(parsed);

    /// <summary>Data, on stdout.</summary>
    public ResultWriter Results => new(environment.Output, Format, environment.OutputPalette);

    /// <summary>Everything that is not data, on stderr.</summary>
    public TextWriter Notes => environment.Error;

    /// <summary>One line on stderr.</summary>
    public void Note(string text) => environment.Error.WriteLine(text);

    public CoordinatorClient Client => _client ??= Connect();

    public IReadOnlyList<string> Addresses => remote.Addresses(parsed, environment);

    public CoordinatorClientOptions ClientOptions => remote.ClientOptions(parsed, environment);

    public T? Get<T>(Option<T> option) => parsed.GetValue(option);

    public T Get<T>(Argument<T> argument) => parsed.GetRequiredValue(argument);

    public T? GetOptional<T>(Argument<T> argument) => parsed.GetValue(argument);

    public bool Given(Option option) => parsed.GetResult(option) is { Implicit: false };

    /// <summary>The limits of a call that changes something.</summary>
    public CallOptions Mutation(CancellationToken cancellationToken) => Within(MutationTimeout, cancellationToken);

    /// <summary>The limits of a call that looks at a target.</summary>
    public CallOptions Target(CancellationToken cancellationToken) => Within(TargetTimeout, cancellationToken);

    /// <summary>The limits of a call that only reads.</summary>
    public CallOptions Query(CancellationToken cancellationToken) => Within(QueryTimeout, cancellationToken);

    /// <summary>
    /// The id of the one change that this command makes. The client repeats a call with the request as it is, so the id is the same
    /// for every attempt, and another run of the command is another request.
    /// </summary>
    public string RequestId { get; } = Guid.CreateVersion7().ToString();

    public void Dispose() => _client?.Dispose();

    private CallOptions Within(TimeSpan timeout, CancellationToken cancellationToken) =>
        new(deadline: environment.Time.GetUtcNow().UtcDateTime + timeout, cancellationToken: cancellationToken);

    private CoordinatorClient Connect()
    {
        try
        {
            return new CoordinatorClient(remote.ClientOptions(parsed, environment), environment.Time);
        }
        catch (OptionsValidationException exception)
        {
            throw new UsageException(
                string.Join(' ', exception.Failures),
                $"Give --address or set {RemoteOptions.AddressVariable}, for example {RemoteOptions.DefaultAddress}.");
        }
    }
}
