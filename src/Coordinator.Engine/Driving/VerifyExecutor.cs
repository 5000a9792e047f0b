using Coordinator.Domain.Plans;
using Coordinator.Engine.Verification;

namespace Coordinator.Engine.Driving;

/// <summary>Proves that no row is wrong, on every shard, before the new structure is opened to anybody.</summary>
internal sealed class VerifyExecutor(StepVerifier verifier) : IStepExecutor
{
    public async Task<StepOutcome> RunAsync(StepRun run, CancellationToken cancellationToken)
    {
        var step = (PlanStep.Verify)run.Step;
        await run.Activity.SayAsync($"verifying {step.Table}", cancellationToken);
        var result = await verifier.RunAsync(run, step, run.Activity.SayAsync, cancellationToken);
        if (result.Differences > 0)
        {
            return Failed(
                "VERIFICATION_FAILED", step, result, $"Correct them, or bring them in sync with 'coordinator verify {run.Migration} --repair', and");
        }

        var known = await BackfillBreaker.CountAsync(run, step: null, cancellationToken);
        return StepOutcome.Done(
            ("rows_wrong", 0),
            ("rows_quarantined", known.Total),
            ("shards", run.Target.Shards.Count),
            ("blocks", result.Blocks),
            ("seconds", Math.Round(result.Took.TotalSeconds, 1)));
    }

    /// <summary>The end of a step that found rows that differ.</summary>
    public static StepOutcome.Failed Failed(string code, PlanStep.Verify step, VerificationResult result, string correct) => new(
        code,
        $"{VerificationText.Rows(result.Differences)} of {step.Table} {(result.Differences == 1 ? "is" : "are")} wrong"
        + (result.Examples.Count == 0 ? "" : $", for example {string.Join(", ", result.Examples)}"),
        "Look at those rows: a writer may bypass the trigger (it was disabled or replaced, or a partition came with rows). "
        + $"{correct} run 'coordinator retry'.");
}
