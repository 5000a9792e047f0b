using System.CommandLine;
using Coordinator.Cli.Output;
using Coordinator.Client;
using Coordinator.Postgres.Embedded;
using Coordinator.Server.Hosting;
using Grpc.Core;

namespace Coordinator.Cli.Invocation;

/// <summary>Runs a command's action and turns whatever it ends with into a message on stderr and an exit code.</summary>
internal sealed class CommandRunner(CommandEnvironment environment, RemoteOptions remote)
{
    private readonly Dictionary<Command, string> _epilogues = [];

    /// <summary>What the help of each command ends with: examples, and what its exit codes mean.</summary>
    public IReadOnlyDictionary<Command, string> Epilogues => _epilogues;

    public Command Bind(Command command, string epilogue, Func<CommandContext, CancellationToken, Task<int>> action)
    {
        _epilogues[command] = epilogue;
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, action, cancellationToken));
        return command;
    }

    /// <summary>A command that only holds others.</summary>
    public Command Group(Command command, string epilogue)
    {
        _epilogues[command] = epilogue;
        return command;
    }

    private async Task<int> RunAsync(
        ParseResult parsed, Func<CommandContext, CancellationToken, Task<int>> action, CancellationToken cancellationToken)
    {
        using var context = new CommandContext(parsed, environment, remote);
        try
        {
            return await action(context, cancellationToken);
        }
        catch (Exception exception) when (
            cancellationToken.IsCancellationRequested && exception is OperationCanceledException or RpcException)
        {
            // A call that a signal cancels may end with whatever its connection was about to end with.
            return environment.CancelledExitCode();
        }
        catch (RpcException exception)
        {
            return Report(context, ErrorReport.Of(CoordinatorException.From(exception), context.Addresses));
        }
        catch (UsageException exception)
        {
            return Report(context, new ErrorReport("USAGE", exception.Message, exception.Remedy, ExitCode.Usage));
        }
        catch (EmbeddedPostgresException exception)
        {
            return Report(context, new ErrorReport("EMBEDDED_POSTGRES", exception.Message, "", ExitCode.Unexpected));
        }
        catch (CoordinationDatabaseMissingException exception)
        {
            return Report(
                context, new ErrorReport("COORDINATION_DATABASE_UNAVAILABLE", exception.Message, "", ExitCode.Temporary));
        }
        // The last boundary of the program: a stack trace helps nobody at night, and the variable brings it back.
        catch (Exception exception)
        {
            var text = environment.Variable("COORDINATOR_DEBUG") is { Length: > 0 } ? exception.ToString() : exception.Message;
            return Report(
                context,
                new ErrorReport(
                    "UNEXPECTED",
                    $"{exception.GetType().Name}: {text}",
                    "Run it again with COORDINATOR_DEBUG=1 for the stack trace, and report it if it stays.",
                    ExitCode.Unexpected));
        }
    }

    private int Report(CommandContext context, ErrorReport report)
    {
        report.Write(environment.Error, context.Format, environment.ErrorPalette);
        return report.ExitCode;
    }
}
