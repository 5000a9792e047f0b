namespace Coordinator.Postgres.Health;

/// <summary>How much a finding matters.</summary>
public enum FindingSeverity
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>A migration can run, but something will work less well, or can't be seen.</summary>
    Warning,

    /// <summary>A migration must not start.</summary>
    Error,
}
