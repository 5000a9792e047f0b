using Coordinator.Domain.Migrations;
using Microsoft.Extensions.Logging;

namespace Coordinator.Engine.Driving;

/// <summary>Log messages of the drivers; event ids 2000 to 2099.</summary>
internal static partial class DrivingLog
{
    [LoggerMessage(EventId = 2000, EventName = "DriverClaimed", Level = LogLevel.Information, Message = "Driving migration {Migration}")]
    public static partial void Claimed(ILogger logger, string migration);

    [LoggerMessage(EventId = 2001, EventName = "DriverStumbled", Level = LogLevel.Warning, Message = "Migration {Migration}: something went wrong; looking again soon")]
    public static partial void Stumbled(ILogger logger, Exception exception, string migration);

    [LoggerMessage(EventId = 2002, EventName = "StepFailed", Level = LogLevel.Error, Message = "Migration {Migration}, step {Step} failed with {Code}: {Reason}")]
    public static partial void StepFailed(ILogger logger, string migration, string step, string code, string reason);

    [LoggerMessage(EventId = 2003, EventName = "MigrationEnded", Level = LogLevel.Information, Message = "Migration {Migration} ended: {Status}")]
    public static partial void Ended(ILogger logger, string migration, MigrationStatus status);

    [LoggerMessage(EventId = 2004, EventName = "DriverReleased", Level = LogLevel.Information, Message = "No longer driving migration {Migration}")]
    public static partial void Released(ILogger logger, string migration);

    [LoggerMessage(EventId = 2005, EventName = "HousekeepingFailed", Level = LogLevel.Warning, Message = "Housekeeping failed; it is tried again")]
    public static partial void HousekeepingFailed(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 2006, EventName = "AdmissionNotWritten", Level = LogLevel.Warning, Message = "Target {Target}, shard {Shard}: the admission intervals could not be written; it is tried again")]
    public static partial void AdmissionNotWritten(ILogger logger, Exception exception, string target, string shard);
}
