namespace Coordinator.BackfillBench.Crowd;

/// <summary>What one run showed; all of it of the part that is counted, behind the warm-up.</summary>
/// <param name="PerSecond">Batches claimed and completed in a second.</param>
/// <param name="ClaimP50">Milliseconds of a claim that was answered with batches; half took less.</param>
/// <param name="ClaimP99">The same of which one in a hundred took longer.</param>
/// <param name="EmptyClaims">Claims that got nothing.</param>
/// <param name="DatabaseCores">Processor time of the database server per second; the target is in it too, and idle.</param>
/// <param name="ServiceCores">Processor time of the service per second.</param>
/// <param name="ServiceMemory">Bytes that the service had resident at the end.</param>
/// <param name="Deadlocks">By the server's count.</param>
/// <param name="Locks">Waits for locks.</param>
internal sealed record CrowdFigures(
    double PerSecond,
    double ClaimP50,
    double ClaimP99,
    double EmptyClaims,
    double DatabaseCores,
    double ServiceCores,
    double ServiceMemory,
    long Deadlocks,
    LockWaits Locks);
