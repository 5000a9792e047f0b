using Microsoft.Extensions.Logging;

namespace Coordinator.EventStore.Listening;

internal static partial class AppendListenerLog
{
    [LoggerMessage(
        EventId = 2001, EventName = "ListenConnectionLost", Level = LogLevel.Warning,
        Message = "The connection that listens for appends was lost; trying again in {Delay}. Readers poll meanwhile.")]
    public static partial void ListenConnectionLost(this ILogger logger, TimeSpan delay, Exception exception);

    [LoggerMessage(
        EventId = 2002, EventName = "Listening", Level = LogLevel.Debug,
        Message = "Listening for appends.")]
    public static partial void Listening(this ILogger logger);
}
