using Npgsql;

namespace Coordinator.Worker.Batches;

/// <summary>
/// The kind of an SQLSTATE, by PostgreSQL's table of error codes. Data errors are those that
/// <c>coordinator.is_data_error</c> in the target takes for a row's own fault; the two must agree.
/// </summary>
internal static class FailureClass
{
    /// <summary>
    /// Triggered actions (09, 27), missing cases (10, 20), cardinality (21), bad values (22), constraints (23, 44), routines
    /// (2F, 38, 39), limits such as an index entry's size (54), what PL/pgSQL raises (P0).
    /// </summary>
    private static readonly HashSet<string> Data =
        new(["09", "10", "20", "21", "22", "23", "27", "2F", "38", "39", "44", "54", "P0"], StringComparer.Ordinal);

    /// <summary>Connection (08), rollback (40), resources (53), intervention (57), system (58), an old snapshot (72).</summary>
    private static readonly HashSet<string> Transient = new(["08", "40", "53", "57", "58", "72"], StringComparer.Ordinal);

    /// <summary>Authorization (0L, 0P, 28), a database, schema or object that is not there or not allowed (3D, 3F, 42, 55).</summary>
    private static readonly HashSet<string> Configuration =
        new(["0L", "0P", "28", "3D", "3F", "42", "55"], StringComparer.Ordinal);

    /// <summary>Every other class that PostgreSQL raises errors of, and ours.</summary>
    private static readonly HashSet<string> Others =
        new(["00", "01", "02", "03", "0A", "0B", "0F", "0Z", "24", "25", "26", "2B", "2D", "34", "3B", "F0", "HV", "XX", "CO"],
            StringComparer.Ordinal);

    /// <summary>The kind of an SQLSTATE.</summary>
    public static FailureKind Of(string sqlState) => sqlState switch
    {
        BatchSqlStates.TooManyBadRows => FailureKind.TooManyBadRows,
        // Exceptions to their classes: a lock, an object in use, a server that takes no writes for the moment.
        PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.ObjectInUse or PostgresErrorCodes.ReadOnlySqlTransaction
            => FailureKind.Transient,
        { Length: >= 2 } => OfClass(sqlState[..2]),
        _ => FailureKind.Unknown,
    };

    // A class that PostgreSQL does not have is one that a trigger or a function of the user's made up for its own refusals.
    private static FailureKind OfClass(string two) =>
        Transient.Contains(two) ? FailureKind.Transient
        : Configuration.Contains(two) ? FailureKind.Configuration
        : Data.Contains(two) || !Others.Contains(two) ? FailureKind.Data
        : FailureKind.Unknown;
}
