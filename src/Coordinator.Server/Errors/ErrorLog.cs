using Grpc.Core;

namespace Coordinator.Server.Errors;

internal static partial class ErrorLog
{
    [LoggerMessage(
        EventId = 3001, EventName = "CallRefused", Level = LogLevel.Information,
        Message = "{Method} was refused: {StatusCode} {Reason}.")]
    public static partial void Refused(ILogger logger, string method, StatusCode statusCode, string reason);

    [LoggerMessage(
        EventId = 3002, EventName = "CallUnavailable", Level = LogLevel.Warning,
        Message = "{Method} could not be served: {Reason}.")]
    public static partial void Unavailable(ILogger logger, string method, string reason, Exception exception);

    [LoggerMessage(
        EventId = 3003, EventName = "CallFailed", Level = LogLevel.Error,
        Message = "{Method} failed for a reason that nobody foresaw; the caller was told {CorrelationId}.")]
    public static partial void Unforeseen(ILogger logger, string method, string correlationId, Exception exception);
}
