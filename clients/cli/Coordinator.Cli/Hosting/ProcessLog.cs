using Coordinator.Cli.Invocation;
using Microsoft.Extensions.Logging;

namespace Coordinator.Cli.Hosting;

/// <summary>The log of the commands that keep running: on stderr, one line per entry, JSON where COORDINATOR_LOG_FORMAT says so.</summary>
internal static class ProcessLog
{
    public const string FormatVariable = "COORDINATOR_LOG_FORMAT";
    public const string LevelVariable = "COORDINATOR_LOG_LEVEL";

    /// <param name="logging">What to configure.</param>
    /// <param name="environment">Where the format and the level come from.</param>
    /// <param name="defaultLevel">The level where the environment says none.</param>
    public static void Configure(
        ILoggingBuilder logging, CommandEnvironment environment, LogLevel defaultLevel = LogLevel.Information)
    {
        var level = Level(environment, defaultLevel);
        var quiet = level < LogLevel.Information || level > LogLevel.Warning ? level : LogLevel.Warning;
        logging.ClearProviders();
        logging.SetMinimumLevel(level);
        logging.AddFilter("Microsoft.AspNetCore", quiet);
        logging.AddFilter("Grpc", quiet);
        // A start that fails ends the command, which says why; the host's own stack trace would bury that.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", level < LogLevel.Information ? level : LogLevel.None);
        logging.AddConsole(static console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        if (environment.Variable(FormatVariable) == "json")
        {
            logging.AddJsonConsole(static json => json.UseUtcTimestamp = true);
        }
        else
        {
            logging.AddSimpleConsole(static simple =>
            {
                simple.SingleLine = true;
                simple.UseUtcTimestamp = true;
                simple.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
            });
        }
    }

    private static LogLevel Level(CommandEnvironment environment, LogLevel otherwise) =>
        environment.Variable(LevelVariable) switch
        {
            null or "" => otherwise,
            var text when Enum.TryParse<LogLevel>(text, ignoreCase: true, out var level) => level,
            var text => throw new UsageException(
                $"{LevelVariable} is '{text}'.", $"Use one of {string.Join(", ", Enum.GetNames<LogLevel>())}."),
        };
}
