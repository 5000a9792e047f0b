namespace Coordinator.Server.Hosting;

internal static partial class HostingLog
{
    [LoggerMessage(
        EventId = 3011, EventName = "WaitingForDatabase", Level = LogLevel.Warning,
        Message = "The coordination database does not answer yet; waiting up to {Left} more. {Reason}")]
    public static partial void WaitingForDatabase(ILogger logger, TimeSpan left, string reason);

    [LoggerMessage(
        EventId = 3012, EventName = "DatabaseNeverCame", Level = LogLevel.Critical,
        Message = "The coordination database did not answer within {Waited}; giving up.")]
    public static partial void DatabaseNeverCame(ILogger logger, TimeSpan waited, Exception exception);

    [LoggerMessage(
        EventId = 3013, EventName = "OpenToThisMachine", Level = LogLevel.Information,
        Message = "No API keys and no client certificates are configured: whoever is on this machine is an administrator.")]
    public static partial void OpenToThisMachine(ILogger logger);

    [LoggerMessage(
        EventId = 3014, EventName = "KeysInTheClear", Level = LogLevel.Warning,
        Message = "{Address} takes API keys without TLS: keep that network private, or use https://.")]
    public static partial void KeysInTheClear(ILogger logger, string address);

    [LoggerMessage(
        EventId = 3015, EventName = "NoTargets", Level = LogLevel.Warning,
        Message = "No target is configured, so no migration can be planned: add one under Coordinator:Targets.")]
    public static partial void NoTargets(ILogger logger);

    [LoggerMessage(
        EventId = 3017, EventName = "ConnectionLimit", Level = LogLevel.Information,
        Message = "At most {Connections} connections are taken at a time; this process may open {Files} files.")]
    public static partial void ConnectionLimit(ILogger logger, long connections, long files);

    [LoggerMessage(
        EventId = 3016, EventName = "Stopping", Level = LogLevel.Information,
        Message = "Stopping: health says NOT_SERVING, instances are asked to move, and other open streams are ended.")]
    public static partial void Stopping(ILogger logger);
}
