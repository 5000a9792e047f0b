namespace Coordinator.Postgres.Ddl;

/// <summary>Whether a step was done now or before.</summary>
public enum DdlResult
{
    /// <summary>This call committed it.</summary>
    Applied,

    /// <summary>Its marker, or the catalogue, says that it was done before: nothing was run.</summary>
    AlreadyApplied,
}
