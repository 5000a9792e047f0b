namespace Coordinator.Engine.Driving;

/// <summary>
/// Carries out one kind of step. It may be called again for the same step after a crash at any point, so it first looks
/// at what is already done; it returns only when the step is done or has failed for good.
/// </summary>
internal interface IStepExecutor
{
    public Task<StepOutcome> RunAsync(StepRun run, CancellationToken cancellationToken);
}
