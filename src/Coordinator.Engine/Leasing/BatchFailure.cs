namespace Coordinator.Engine.Leasing;

/// <summary>How a batch fails.</summary>
/// <param name="Times">How often in a row.</param>
/// <param name="Last">What the worker said last.</param>
/// <param name="CanNotWork">The statement itself can't work: no other batch will pass either.</param>
internal sealed record BatchFailure(int Times, string Last, bool CanNotWork);
