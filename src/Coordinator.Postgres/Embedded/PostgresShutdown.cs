namespace Coordinator.Postgres.Embedded;

/// <summary>PostgreSQL's shutdown modes.</summary>
public enum PostgresShutdown
{
    /// <summary>Sessions are ended, open transactions rolled back, a checkpoint written.</summary>
    Fast,

    /// <summary>Every process is ended at once, as in a crash; the next start recovers.</summary>
    Immediate,
}
