using Coordinator.Domain.Migrations;
using Coordinator.Domain.Plans;
using Coordinator.Engine.Applications;
using Coordinator.Engine.Fencing;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Targets;
using Coordinator.EventStore;
using Coordinator.EventStore.Listening;
using Coordinator.Postgres.Ledger;
using Coordinator.Postgres.Schema;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Coordinator.Engine.Driving;

/// <summary>
/// Drives one migration, for as long as its advisory lock is held: look where it stands, do the next thing, record it.
/// It keeps nothing in memory that it could not read again, so it may be killed anywhere and another one goes on. If the
/// lock is lost unnoticed, the expected version of the event stream refuses the second writer.
/// </summary>
internal sealed class MigrationDriver(
    string migration,
    MigrationStream stream,
    MigrationFence fence,
    StepExecutors executors,
    AdmissionChanges admission,
    TargetAdmission targetAdmission,
    CoordinationDatabase database,
    TargetRegistry targets,
    AppendListener appended,
    ILogger logger)
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);
    private static readonly RequestContext Driver = new("coordinator");

    private readonly MigrationActivity _activity = new(database, migration);
    private bool _targetIsUpToDate;

    /// <summary>Returns when the migration has ended, or with a cancellation.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(10));
        while (true)
        {
            var seen = appended.Current;
            try
            {
                var (state, version) = await stream.LoadAsync(migration, cancellationToken);
                if (!NeedsDriver(state.Status))
                {
                    return;
                }

                if (!await AdvanceAsync(state, version, cancellationToken))
                {
                    await appended.WaitAsync(seen, LookInterval, cancellationToken);
                }

                backoff.Reset();
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                throw;
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // The boundary of the drive loop: whatever went wrong, nothing is lost; say it, wait, look again.
                DrivingLog.Stumbled(logger, exception, migration);
                await SayQuietlyAsync($"{exception.Message}; trying again", cancellationToken);
                await Task.Delay(backoff.Next(), cancellationToken);
            }
        }
    }

    /// <summary>Whether a migration in that status has work for a driver.</summary>
    public static bool NeedsDriver(MigrationStatus status) =>
        status is MigrationStatus.Running or MigrationStatus.Paused or MigrationStatus.RollingBack;

    /// <summary>True when something was done and there may be more at once.</summary>
    private async Task<bool> AdvanceAsync(MigrationState state, long version, CancellationToken cancellationToken)
    {
        if (state.LiftOwed)
        {
            // Paused or not: whoever took the retirement back was promised it, and may have died before he had done it.
            await UpgradeTargetAsync(state, cancellationToken);
            await FenceLift.PayAsync(stream, targets.Get(state.Plan!.Spec.Target), state, version, cancellationToken);
            return true;
        }

        if (state.Status == MigrationStatus.Paused)
        {
            await HoldAsync(state, cancellationToken);
            return false;
        }

        if (state.NextStep is not { } step)
        {
            await FinishAsync(state, version, cancellationToken);
            return true;
        }

        switch (state.Step(step.Id).Status)
        {
            case StepStatus.Failed:
                await _activity.SayAsync(
                    $"step {step.Id} failed: {state.Step(step.Id).FailureReason}", cancellationToken);
                return false;
            case StepStatus.Pending:
                await OrderAsync(new MigrationCommand.BeginStep(step.Id), enlist: null, cancellationToken);
                return true;
            default:
                await RunStepAsync(state, step, cancellationToken);
                return true;
        }
    }

    // A replica that died between recording a pause and raising the fence left this to do.
    private async Task HoldAsync(MigrationState state, CancellationToken cancellationToken)
    {
        var mode = state.IsRollingBack ? FenceMode.Closed : FenceMode.Paused;
        await fence.HoldAsync(state.Plan!.Spec.Target, migration, mode, cancellationToken);
        await _activity.SayAsync($"paused: {state.PauseReason}", cancellationToken);
    }

    private async Task RunStepAsync(MigrationState state, PlanStep step, CancellationToken cancellationToken)
    {
        await UpgradeTargetAsync(state, cancellationToken);
        await targetAdmission.WriteAsync(state, cancellationToken);
        await _activity.SayAsync(step.Description, cancellationToken);
        using var interrupted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watch = InterruptWhenStatusChangesAsync(state.Status, interrupted);
        StepOutcome? outcome = null;
        try
        {
            outcome = await executors.For(step).RunAsync(
                new StepRun(state, step, targets.Get(state.Plan!.Spec.Target), _activity), interrupted.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Paused or rolled back by somebody: the next look decides what to do.
        }
        catch (PostgresException guard) when (guard.SqlState == "CO103")
        {
            // Paused between the look and the grant: the guard refused it.
        }
        finally
        {
            await interrupted.CancelAsync();
            await watch;
        }

        if (outcome is not null)
        {
            await RecordAsync(state, step, outcome, cancellationToken);
        }
    }

    // The migration may have been started by an older Coordinator, whose schema in the target was an older one.
    private async Task UpgradeTargetAsync(MigrationState state, CancellationToken cancellationToken)
    {
        if (_targetIsUpToDate)
        {
            return;
        }

        var target = targets.Get(state.Plan!.Spec.Target);
        foreach (var shard in target.Shards)
        {
            try
            {
                await TargetSchema.InstallAsync(shard.DataSource, target.WorkerRoles, cancellationToken);
            }
            catch (Exception exception) when (TargetUnavailableException.Means(exception))
            {
                throw new TargetUnavailableException(shard, exception);
            }
        }

        _targetIsUpToDate = true;
    }

    private async Task RecordAsync(
        MigrationState state, PlanStep step, StepOutcome outcome, CancellationToken cancellationToken)
    {
        if (outcome is StepOutcome.Failed failed)
        {
            DrivingLog.StepFailed(logger, migration, step.Id, failed.Code, failed.Reason);
            await OrderAsync(
                new MigrationCommand.FailStep(step.Id, failed.Code, failed.Reason, failed.Remedy), enlist: null, cancellationToken);
        }
        else if (step is not PlanStep.Gate)
        {
            await OrderAsync(
                new MigrationCommand.CompleteStep(step.Id, ((StepOutcome.Completed)outcome).Evidence),
                (session, decision) => decision.Changed && CompletesNewStructure(state, step)
                    ? admission.EnlistCeilingsLiftedAsync(
                        session, migration, [.. state.Plan!.Spec.Versions.Keys], cancellationToken)
                    : Task.CompletedTask,
                cancellationToken);
        }
    }

    // With the last step before the gate the new structure is complete: filled, verified, validated. From here on
    // versions that need it may start.
    private static bool CompletesNewStructure(MigrationState state, PlanStep step) =>
        !state.IsRollingBack && MigrationCommands.StepsBeforeGate(state.Plan!).LastOrDefault()?.Id == step.Id;

    private async Task FinishAsync(MigrationState state, long version, CancellationToken cancellationToken)
    {
        if (state is { IsRollingBack: true, IsStrict: true })
        {
            // The new structure is gone; the role of the new version gets back what it had before.
            await UpgradeTargetAsync(state, cancellationToken);
            await FenceLift.PayAsync(stream, targets.Get(state.Plan!.Spec.Target), state, version, cancellationToken);
        }
        else if (state.IsStrict)
        {
            await VersionFence.KeepAsync(targets.Get(state.Plan!.Spec.Target), migration, cancellationToken);
        }

        var applications = state.Plan!.Spec.Versions.Keys.ToList();
        if (state.IsRollingBack)
        {
            await OrderAsync(
                new MigrationCommand.FinishRollback(),
                (session, _) => admission.EnlistLimitsEndedAsync(session, migration, applications, cancellationToken),
                cancellationToken);
        }
        else
        {
            await OrderAsync(
                new MigrationCommand.Finish(),
                (session, _) => admission.EnlistRetirementsPermanentAsync(session, migration, applications, cancellationToken),
                cancellationToken);
        }

        var (ended, _) = await stream.LoadAsync(migration, cancellationToken);
        await targetAdmission.WriteAsync(ended, cancellationToken);
        DrivingLog.Ended(logger, migration, ended.Status);
    }

    private async Task InterruptWhenStatusChangesAsync(MigrationStatus status, CancellationTokenSource interrupted)
    {
        try
        {
            while (true)
            {
                var seen = appended.Current;
                await using (var command = database.DataSource.CreateCommand("select status from coordinator.migration where name = $1"))
                {
                    command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = migration });
                    if (await command.ExecuteScalarAsync(interrupted.Token) is short now && now != (short)status)
                    {
                        await interrupted.CancelAsync();
                        return;
                    }
                }

                await appended.WaitAsync(seen, LookInterval, interrupted.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The step has ended.
        }
        catch (NpgsqlException exception)
        {
            // Without the coordination database the step can't be recorded either; stop it and look again.
            DrivingLog.Stumbled(logger, exception, migration);
            await interrupted.CancelAsync();
        }
    }

    private Task<long> OrderAsync(
        MigrationCommand command,
        Func<IEventSession, MigrationDecision, Task>? enlist,
        CancellationToken cancellationToken) =>
        stream.ExecuteAsync(migration, command, Driver, enlist, cancellationToken);

    private async Task SayQuietlyAsync(string activity, CancellationToken cancellationToken)
    {
        try
        {
            await _activity.SayAsync(activity, cancellationToken);
        }
        catch (NpgsqlException)
        {
            // The coordination database is what is down; the log has the reason.
        }
    }
}
