namespace Coordinator.Postgres.Verification;

/// <summary>What became of a row that differed.</summary>
public enum RepairOutcome
{
    /// <summary>It was written, and its sides agree.</summary>
    Repaired,

    /// <summary>It is right by now, or gone: nothing was written.</summary>
    AlreadyRight,

    /// <summary>It could not be written, or somebody holds it: it differs still.</summary>
    StillWrong,
}
