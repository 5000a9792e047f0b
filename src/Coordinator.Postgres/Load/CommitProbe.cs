using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Coordinator.Postgres.Load;

/// <summary>
/// Times a commit in a target, as an application feels it: the log's flush, synchronous standbys, processors that are busy. It waits for
/// what the role's <c>synchronous_commit</c> says; where that is off, it shows less than an application that waits for more.
/// </summary>
public static class CommitProbe
{
    // A disk that hangs ends no commit, whatever its limit: the session is given up then, and only then, so that few of them pile up. And
    // a network that swallowed the question must not keep the next one waiting for long.
    private const int GiveUpSeconds = 10;

    /// <summary>Times one.</summary>
    /// <param name="source">The target; a direct connection, not a pooler's.</param>
    /// <param name="timeout">How long connecting, and then the commit, may take.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <exception cref="TimeoutException">
    /// The target did not commit in time. A commit that waits for a standby ends with its limit and leaves nothing behind; one whose
    /// flush hangs ends with the flush, and this returns no earlier than it does, or than ten seconds.
    /// </exception>
    /// <exception cref="NpgsqlException">The target could not be asked.</exception>
    public static async Task<CommitTime> MeasureAsync(NpgsqlDataSource source, TimeSpan timeout, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await OpenAsync(source, timeout, cancellationToken);
        try
        {
            // The session's, because a procedure that commits runs in no transaction of ours; the pool takes it back.
            await using var limit = connection.Command(
                "select set_config('statement_timeout', $1, false)",
                Math.Max(1, (long)timeout.TotalMilliseconds).ToString(CultureInfo.InvariantCulture));
            limit.CommandTimeout = GiveUpSeconds;
            await limit.ExecuteNonQueryAsync(cancellationToken);
            await using var call = connection.Command("call coordinator.time_commit(null)");
            call.CommandTimeout = GiveUpSeconds;
            var began = Stopwatch.GetTimestamp();
            var milliseconds = (double)(await call.ExecuteScalarAsync(cancellationToken))!;
            // The limit ends the wait for a standby but not the transaction, which has committed here already: no error says so.
            return Stopwatch.GetElapsedTime(began) >= timeout && milliseconds >= timeout.TotalMilliseconds / 2
                ? throw Late(timeout, null)
                : new CommitTime(milliseconds, null);
        }
        catch (PostgresException refused) when (Remedy(refused.SqlState) is { } problem)
        {
            return new CommitTime(null, problem);
        }
        catch (NpgsqlException late) when (late is PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } or { InnerException: TimeoutException })
        {
            throw Late(timeout, late);
        }
    }

    private static async Task<NpgsqlConnection> OpenAsync(NpgsqlDataSource source, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            return await source.OpenConnectionAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException("the target did not answer in time");
        }
    }

    private static TimeoutException Late(TimeSpan timeout, Exception? inner) => new(
        string.Create(
            CultureInfo.InvariantCulture,
            $"the target did not commit within {timeout.TotalSeconds:0.##} s: look at its disk, its synchronous standbys and its processors"),
        inner);

    private static string? Remedy(string state) => state switch
    {
        PostgresErrorCodes.ReadOnlySqlTransaction =>
            "the target is read-only: let Coordinator connect to the primary, and without default_transaction_read_only",
        PostgresErrorCodes.InsufficientPrivilege =>
            "grant execute on procedure coordinator.time_commit and update on sequence coordinator.commit_probe to Coordinator's role in that database",
        PostgresErrorCodes.InvalidSchemaName or PostgresErrorCodes.UndefinedFunction or PostgresErrorCodes.UndefinedTable =>
            "Coordinator's schema in that database is not complete: see 'coordinator target check'; whoever next drives a migration there upgrades it",
        _ => null,
    };
}
