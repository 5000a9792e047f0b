using Microsoft.Extensions.Logging;

namespace Coordinator.Worker;

/// <summary>Event ids 4100 to 4149. No statement and no connection string is ever logged.</summary>
internal static partial class WorkerLog
{
    [LoggerMessage(EventId = 4100, EventName = "WorkerStarted", Level = LogLevel.Information,
        Message = "Worker {Worker} serves {Targets} with {Parallelism} batches at a time.")]
    public static partial void Started(ILogger logger, string worker, string targets, int parallelism);

    [LoggerMessage(EventId = 4101, EventName = "WorkerStopped", Level = LogLevel.Information,
        Message = "Worker {Worker} has stopped.")]
    public static partial void Stopped(ILogger logger, string worker);

    [LoggerMessage(EventId = 4102, EventName = "AcquireFailed", Level = LogLevel.Warning,
        Message = "Coordinator granted no batches ({Reason}): {Text}")]
    public static partial void AcquireFailed(ILogger logger, string reason, string text);

    [LoggerMessage(EventId = 4103, EventName = "RenewalFailed", Level = LogLevel.Warning,
        Message = "{Count} leases were not extended ({Reason}): {Text}")]
    public static partial void RenewalFailed(ILogger logger, int count, string reason, string text);

    [LoggerMessage(EventId = 4104, EventName = "BatchLeaseLost", Level = LogLevel.Warning,
        Message = "The lease of batch {Migration}/{Step}/{Batch} is lost.")]
    public static partial void LeaseLost(ILogger logger, string migration, string step, long batch);

    [LoggerMessage(EventId = 4105, EventName = "BatchNotRun", Level = LogLevel.Warning,
        Message = "Batch {Migration}/{Step}/{Batch} is given back ({Reason} {SqlState}): {Text}")]
    public static partial void BatchNotRun(
        ILogger logger, string migration, string step, long batch, string reason, string sqlState, string text);

    [LoggerMessage(EventId = 4106, EventName = "ReportFailed", Level = LogLevel.Warning,
        Message = "{Count} batches could not be reported ({Reason}), trying again: {Text}")]
    public static partial void ReportFailed(ILogger logger, int count, string reason, string text);

    [LoggerMessage(EventId = 4107, EventName = "ReportRefused", Level = LogLevel.Warning,
        Message = "Coordinator refuses the report of a batch ({Reason}): {Text}")]
    public static partial void ReportRefused(ILogger logger, string reason, string text);

    [LoggerMessage(EventId = 4108, EventName = "ReportsDropped", Level = LogLevel.Warning,
        Message = "Worker {Worker} ends with {Count} batches unreported; the target's ledger has what was committed.")]
    public static partial void ReportsDropped(ILogger logger, string worker, int count);
}
