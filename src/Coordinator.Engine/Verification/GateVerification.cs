using System.Diagnostics;
using Coordinator.Domain.Migrations;
using Coordinator.Domain.Plans;
using Coordinator.Engine.Driving;

namespace Coordinator.Engine.Verification;

/// <summary>
/// Verifies again while a migration waits at its gate, beside the gate's own looks: at an interval, as soon as somebody has touched
/// table or trigger, and when the wait ends, as <see cref="VerificationRule"/> says. Disposing ends the pass that runs.
/// </summary>
internal sealed class GateVerification(
    StepRun run, StepVerifier verifier, VerificationStore store, EngineOptions options, CancellationToken cancellationToken) : IAsyncDisposable
{
    // The catalogue says nothing by itself when somebody touches it.
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(5);

    private readonly IReadOnlyList<PlanStep.Verify> _steps = [.. run.Plan.Steps.OfType<PlanStep.Verify>()];
    private readonly CancellationTokenSource _ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    private GateLook _last = new([], null, null);
    private long _lastAt;
    private Task? _pass;

    /// <summary>Looks, and begins what is due.</summary>
    /// <param name="atTheEnd">Whether the gate would go on now: then the answer is of this moment.</param>
    public async Task<GateLook> LookAsync(bool atTheEnd)
    {
        if (_pass is { IsCompleted: true } ended)
        {
            _pass = null;
            _lastAt = 0;
            // What broke it off is the gate's to tell.
            await ended;
        }

        if (_steps.Count == 0 || (!atTheEnd && _lastAt != 0 && Stopwatch.GetElapsedTime(_lastAt) < LookInterval))
        {
            return _last;
        }

        _last = await LookNowAsync(atTheEnd);
        _lastAt = Stopwatch.GetTimestamp();
        return _last;
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        if (_pass is not null)
        {
            await _pass.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        _ending.Dispose();
    }

    private async Task<GateLook> LookNowAsync(bool atTheEnd)
    {
        var (rows, now) = await store.ReadAsync(run.Migration, _ending.Token);
        var blockers = new List<Blocker>();
        var due = new List<PlanStep.Verify>();
        string? busy = null;
        foreach (var step in _steps)
        {
            var row = rows.FirstOrDefault(row => row.Step == step.Id);
            var evidence = await VerificationEvidence.ReadAsync(run.Plan, step, run.Target.Shards, _ending.Token);
            var isDue = atTheEnd
                ? VerificationRule.IsDueAtTheEnd(row, now, evidence, options)
                : VerificationRule.IsDue(row, now, evidence, options);
            if (isDue)
            {
                due.Add(step);
            }

            if (row?.Found > 0)
            {
                blockers.Add(VerificationText.Blocker(run.Migration, row));
            }

            // A pass that nobody needs may be left, but not when it is about to report something.
            if (isDue || row is { State: VerificationState.Running, Differences: > 0 })
            {
                busy ??= row is null ? $"verifying {step.Table}" : VerificationText.Progress(row);
            }
        }

        if (due.Count > 0)
        {
            _pass ??= VerifyAsync(due);
        }

        return new GateLook(blockers, busy, rows.Min(row => row.FinishedAt));
    }

    private async Task VerifyAsync(IReadOnlyList<PlanStep.Verify> steps)
    {
        foreach (var step in steps)
        {
            await verifier.RunAsync(run, step, say: null, _ending.Token);
        }
    }
}
