namespace Coordinator.Engine.Leasing;

/// <summary>A worker's checked request for batches.</summary>
internal sealed record AcquireRequest(
    string Worker,
    IReadOnlyCollection<string> Targets,
    int Max,
    Guid RequestId,
    string Migration,
    int Parallelism,
    IReadOnlyCollection<string> Handlers);
