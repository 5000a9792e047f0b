namespace Coordinator.Server.Health;

internal static partial class HealthLog
{
    [LoggerMessage(
        EventId = 3021, EventName = "Serving", Level = LogLevel.Information,
        Message = "The coordination database answers; calls are taken.")]
    public static partial void Serving(ILogger logger);

    [LoggerMessage(
        EventId = 3022, EventName = "CoordinationDatabaseAway", Level = LogLevel.Warning,
        Message = "The coordination database does not answer: health says NOT_SERVING until it does.")]
    public static partial void DatabaseAway(ILogger logger, Exception exception);
}
