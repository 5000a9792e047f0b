using System.Globalization;
using Coordinator.Domain.Migrations;

namespace Coordinator.Engine.Verification;

/// <summary>Verifications in words.</summary>
internal static class VerificationText
{
    /// <summary>The stable reason of a gate or contract that is blocked by rows that differ.</summary>
    public const string DifferencesFound = "DIFFERENCES_FOUND";

    public static string Progress(string table, VerificationTally tally, string held) =>
        Progress(table, tally.DoneBlocks, tally.TotalBlocks, tally.Differences, held);

    public static string Progress(VerificationRow row) => row.State == VerificationState.Running
        ? Progress(row.Table, row.DoneBlocks, row.TotalBlocks, row.Differences, row.Held)
        : $"verifying {row.Table}";

    /// <summary>The rows of a finished pass: <c>3 rows</c>.</summary>
    public static string Rows(long count) => count == 1 ? "1 row" : string.Create(CultureInfo.InvariantCulture, $"{count} rows");

    /// <summary>What keeps a gate shut after a pass that found differences. The number is part of the subject: fewer rows are news.</summary>
    public static Blocker Blocker(string migration, VerificationRow row) => new(
        DifferencesFound,
        $"{migration}: {Rows(row.Found ?? 0)} of {row.Table}",
        string.Create(CultureInfo.InvariantCulture, $"{Different(row.Found ?? 0, row.Table, row.Examples)} at {row.FinishedAt:u}"),
        "find who writes past the sync trigger (it was disabled or replaced, or a partition came with rows), and correct each row by writing "
        + $"the side that is wrong; it is verified again within minutes, or at once with 'coordinator verify {migration}'");

    /// <summary>So many rows of the table, and which.</summary>
    public static string Different(long count, string table, string examples) =>
        $"{Rows(count)} of {table} did not agree{(examples.Length == 0 ? "" : $", for example {examples},")}";

    private static string Progress(string table, long done, long total, long differences, string held)
    {
        var far = total == 0 ? "" : string.Create(
            CultureInfo.InvariantCulture, $": {100.0 * Math.Min(done, total) / total:0} % of {total} blocks, {differences} rows differ");
        return held.Length == 0 ? $"verifying {table}{far}" : $"verifying {table}{far}; waits: {held}";
    }
}
