namespace Coordinator.Postgres.Ddl;

/// <summary>A step failed for a reason that trying again will not cure. Everything it did was rolled back.</summary>
public sealed class DdlFailedException(string sqlState, string message, string statement, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>PostgreSQL's code, or one of class CO from a guard.</summary>
    public string SqlState { get; } = sqlState;

    /// <summary>The statement that failed.</summary>
    public string Statement { get; } = statement;

    /// <summary>A guard refused; no statement of the step ran.</summary>
    public bool GuardFailed { get; init; }
}
