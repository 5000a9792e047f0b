using System.Globalization;
using Npgsql;

namespace Coordinator.Postgres.Ddl;

/// <summary>
/// Validates constraints that were added NOT VALID. The scan runs under SHARE UPDATE EXCLUSIVE, so reads and writes go
/// on and it may take its time; only waiting for the lock is bounded. Done or not is what the catalogue says.
/// </summary>
public sealed class ConstraintValidator
{
    private readonly LockPatience _patience;

    /// <summary>With a jitter of one's own: a number from 0 to 1, drawn before every pause.</summary>
    public ConstraintValidator(TimeProvider timeProvider, Func<double>? jitter = null)
    {
        ArgumentNullException.ThrowIfNull(timeProvider);
        _patience = new LockPatience(timeProvider, jitter ?? Random.Shared.NextDouble);
    }

    /// <summary>Validates the constraint unless it is validated already.</summary>
    /// <exception cref="DdlFailedException">There is no such constraint, or rows violate it.</exception>
    public Task<DdlOutcome> RunAsync(
        NpgsqlDataSource source,
        ConstraintValidation validation,
        DdlBudget budget,
        IProgress<DdlWait>? progress,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(validation);
        ArgumentNullException.ThrowIfNull(budget);
        var request = new LockRequest
        {
            Source = source,
            Table = validation.Table,
            Mode = DdlLockMode.ShareUpdateExclusive,
            Budget = budget,
            Progress = progress,
            IsDoneAsync = (connection, token) => IsValidatedAsync(connection, validation, token),
            AttemptAsync = (connection, lockTimeout, token) => ValidateAsync(connection, validation, lockTimeout, token),
        };
        return _patience.RunAsync(request, cancellationToken);
    }

    private static async Task<bool> IsValidatedAsync(
        NpgsqlConnection connection, ConstraintValidation validation, CancellationToken cancellationToken)
    {
        var found = await connection.QueryAsync(
            """
            select k.convalidated
            from pg_catalog.pg_constraint k
            join pg_catalog.pg_class c on c.oid = k.conrelid
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            where n.nspname = $1 and c.relname = $2 and k.conname = $3
            """,
            [validation.Table.Schema, validation.Table.Name, validation.Constraint],
            row => row.GetBoolean(0),
            cancellationToken);
        return found.Count > 0
            ? found[0]
            : throw new DdlFailedException(
                PostgresErrorCodes.UndefinedObject,
                $"{validation.Table} has no constraint '{validation.Constraint}' to validate.",
                validation.Statement);
    }

    private static async Task<DdlAttempt> ValidateAsync(
        NpgsqlConnection connection, ConstraintValidation validation, TimeSpan lockTimeout, CancellationToken cancellationToken)
    {
        await using var batch = connection.CreateBatch();
        batch.Timeout = 0;
        batch.BatchCommands.Add(new NpgsqlBatchCommand("begin"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            "select set_config('lock_timeout', $1, true), set_config('statement_timeout', '0', true), set_config('application_name', $2, true)")
        {
            Parameters =
            {
                new() { Value = ((long)lockTimeout.TotalMilliseconds).ToString(CultureInfo.InvariantCulture) },
                new() { Value = $"coordinator validate {validation.Table}" },
            },
        });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(validation.Statement));
        batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
        try
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
            return new DdlAttempt.Done(DdlResult.Applied, TimeSpan.Zero);
        }
        catch (PostgresException e) when (TargetErrors.IsBusy(e))
        {
            return new DdlAttempt.Busy();
        }
        catch (PostgresException e) when (!TargetErrors.IsConnectionLost(e))
        {
            throw new DdlFailedException(e.SqlState, e.MessageText, validation.Statement, e);
        }
    }
}
