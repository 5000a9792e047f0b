namespace Coordinator.Domain;

/// <summary>What sort of refusal a <see cref="Rejection"/> is; a transport maps it to its own status.</summary>
public enum RejectionKind
{
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    AlreadyExists,
    Aborted,
    ResourceExhausted,
}
