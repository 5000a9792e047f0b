using System.Text.RegularExpressions;
using Npgsql;

namespace Coordinator.Postgres.Ddl;

/// <summary>
/// Runs DDL steps so that they never stall the application for longer than one lock timeout and the time the lock is
/// held, and so that each happens exactly once: its marker in the target is written in the same transaction, and is
/// looked at before every attempt and after every doubt.
/// </summary>
public sealed partial class DdlRunner
{
    private readonly LockPatience _patience;

    /// <summary>With a jitter of one's own: a number from 0 to 1, drawn before every pause.</summary>
    public DdlRunner(TimeProvider timeProvider, Func<double>? jitter = null)
    {
        ArgumentNullException.ThrowIfNull(timeProvider);
        _patience = new LockPatience(timeProvider, jitter ?? Random.Shared.NextDouble);
    }

    /// <summary>
    /// Runs the step, waiting for its lock for as long as the token allows and reporting what it waits for.
    /// </summary>
    /// <exception cref="DdlFailedException">A guard or a statement failed; nothing of the step is left.</exception>
    /// <exception cref="ArgumentException">A statement would end the transaction.</exception>
    public Task<DdlOutcome> RunAsync(
        NpgsqlDataSource source,
        DdlStep step,
        DdlBudget budget,
        IProgress<DdlWait>? progress,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(step);
        ArgumentNullException.ThrowIfNull(budget);
        if (!step.InFunction && step.Statements.FirstOrDefault(TransactionControl().IsMatch) is { } culprit)
        {
            throw new ArgumentException($"A step's statements run in one transaction and can't control it: {culprit}", nameof(step));
        }

        var request = new LockRequest
        {
            Source = source,
            Table = step.LockTable,
            Mode = step.LockMode,
            Budget = budget,
            Progress = progress,
            IsDoneAsync = (connection, token) => IsAppliedAsync(connection, step, token),
            AttemptAsync = (connection, lockTimeout, token) => DdlTransaction.RunAsync(connection, step, lockTimeout, token),
        };
        return _patience.RunAsync(request, cancellationToken);
    }

    private static async Task<bool> IsAppliedAsync(NpgsqlConnection connection, DdlStep step, CancellationToken cancellationToken)
    {
        try
        {
            return await connection.ScalarAsync<bool>(
                "select exists (select from coordinator.applied_step where migration = $1 and step = $2)",
                [step.Migration, step.Step],
                cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName)
        {
            throw new DdlFailedException(
                e.SqlState, "Coordinator's schema is not installed in the target.", "coordinator.applied_step", e);
        }
    }

    [GeneratedRegex(
        @"\A\s*(--[^\n]*\n\s*|/\*.*?\*/\s*)*(begin|start\s+transaction|commit|end|rollback|abort|savepoint|release|prepare\s+transaction)\b",
        RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex TransactionControl();
}
