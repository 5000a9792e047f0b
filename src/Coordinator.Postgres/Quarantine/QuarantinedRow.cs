namespace Coordinator.Postgres.Quarantine;

/// <summary>A row that a backfill could not write.</summary>
/// <param name="Step">The backfill step.</param>
/// <param name="Hash">Identifies the row within the step, in hexadecimal digits; rows are listed in its order.</param>
/// <param name="Table">The table, quoted and qualified.</param>
/// <param name="Key">The row's primary key as a JSON object; its place and its batch's blocks where the table has none.</param>
/// <param name="SqlState">The SQLSTATE of the last try.</param>
/// <param name="Message">The error of the last try, at most 1000 characters.</param>
/// <param name="FirstSeen">When it failed first, by the target's clock.</param>
/// <param name="LastSeen">When it failed last.</param>
/// <param name="WaivedBy">Who decided that it may stay as it is; null: nobody did.</param>
/// <param name="WaiveReason">Why.</param>
/// <param name="WaivedAt">When.</param>
public sealed record QuarantinedRow(
    string Step,
    string Hash,
    string Table,
    string Key,
    string SqlState,
    string Message,
    DateTimeOffset FirstSeen,
    DateTimeOffset LastSeen,
    string? WaivedBy,
    string? WaiveReason,
    DateTimeOffset? WaivedAt);
