using Microsoft.Extensions.Logging;

namespace Coordinator.Client.Instances;

/// <summary>Event ids 4020 to 4049.</summary>
internal static partial class InstanceLog
{
    [LoggerMessage(EventId = 4020, EventName = "Registered", Level = LogLevel.Information,
        Message = "Instance {Application}/{Instance} is registered with Coordinator on schema version {SchemaVersion}.")]
    public static partial void Registered(ILogger logger, string application, string instance, long schemaVersion);

    [LoggerMessage(EventId = 4021, EventName = "StreamFailed", Level = LogLevel.Debug,
        Message = "The heartbeat stream of {Application}/{Instance} failed ({Reason}); sending a single heartbeat.")]
    public static partial void StreamFailed(ILogger logger, string application, string instance, string reason);

    [LoggerMessage(EventId = 4022, EventName = "HeartbeatFailed", Level = LogLevel.Warning,
        Message = "The heartbeat of {Application}/{Instance} was not acknowledged ({Reason}): {Text}")]
    public static partial void HeartbeatFailed(
        ILogger logger, string application, string instance, string reason, string text);

    [LoggerMessage(EventId = 4023, EventName = "HeartbeatsResumed", Level = LogLevel.Information,
        Message = "Coordinator acknowledges the heartbeats of {Application}/{Instance} again.")]
    public static partial void HeartbeatsResumed(ILogger logger, string application, string instance);

    [LoggerMessage(EventId = 4024, EventName = "LeaseLost", Level = LogLevel.Error,
        Message = "The lease of {Application}/{Instance} has lapsed: it may not write until a heartbeat is acknowledged.")]
    public static partial void LeaseLost(ILogger logger, string application, string instance);

    [LoggerMessage(EventId = 4025, EventName = "InstanceRefused", Level = LogLevel.Error,
        Message = "Coordinator refuses {Application}/{Instance} ({Reason}); it may no longer write: {Text}")]
    public static partial void InstanceRefused(
        ILogger logger, string application, string instance, string reason, string text);

    [LoggerMessage(EventId = 4026, EventName = "InstanceLeft", Level = LogLevel.Information,
        Message = "Instance {Application}/{Instance} has left Coordinator.")]
    public static partial void InstanceLeft(ILogger logger, string application, string instance);

    [LoggerMessage(EventId = 4027, EventName = "LeaveFailed", Level = LogLevel.Warning,
        Message = "Instance {Application}/{Instance} could not say good-bye ({Reason}). It counts as running until "
            + "somebody attests that it is gone.")]
    public static partial void LeaveFailed(ILogger logger, string application, string instance, string reason);

    [LoggerMessage(EventId = 4028, EventName = "StartedUnregistered", Level = LogLevel.Warning,
        Message = "Coordinator cannot be reached ({Reason}); {Application}/{Instance} starts without being registered "
            + "and may not write yet.")]
    public static partial void StartedUnregistered(ILogger logger, string application, string instance, string reason);
}
