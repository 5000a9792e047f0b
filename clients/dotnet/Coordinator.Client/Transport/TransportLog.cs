using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Coordinator.Client.Transport;

/// <summary>Event ids 4000 to 4019.</summary>
internal static partial class TransportLog
{
    [LoggerMessage(EventId = 4000, EventName = "MovedOn", Level = LogLevel.Warning,
        Message = "Coordinator at {Address} failed with {StatusCode}; going on with {NextAddress}.")]
    public static partial void MovedOn(ILogger logger, string address, string nextAddress, StatusCode statusCode);
}
