using Coordinator.Domain.Applications;
using Coordinator.Domain.Backfills;
using Coordinator.Domain.Migrations;
using Coordinator.EventStore.Registry;

namespace Coordinator.Engine.Events;

/// <summary>
/// The names under which events are stored. A name is written into databases for good: a type may be renamed here, its
/// alias never; a changed shape gets an upcaster.
/// </summary>
public static class EventTypes
{
    /// <summary>Every event and aggregate of the domain.</summary>
    public static EventRegistry Create()
    {
        var registry = new EventRegistry()
            .AddAggregate("migration", () => MigrationState.Initial, (state, data) => state.Evolve((MigrationEvent)data))
            .AddAggregate("backfill", () => BackfillState.Initial, (state, data) => state.Evolve((BackfillEvent)data))
            .AddAggregate("application", () => ApplicationState.Initial, (state, data) => state.Evolve((ApplicationEvent)data));
        AddMigration(registry);
        AddBackfill(registry);
        AddApplication(registry);
        return registry;
    }

    private static void AddMigration(EventRegistry registry) => registry
        .Add<MigrationEvent.Planned>("migration_planned")
        .Add<MigrationEvent.Started>("migration_started")
        .Add<MigrationEvent.StepStarted>("migration_step_started")
        .Add<MigrationEvent.StepRetried>("migration_step_retried")
        .Add<MigrationEvent.StepCompleted>("migration_step_completed")
        .Add<MigrationEvent.StepFailed>("migration_step_failed")
        .Add<MigrationEvent.StepBlocked>("migration_step_blocked")
        .Add<MigrationEvent.GateBlocked>("migration_gate_blocked")
        .Add<MigrationEvent.Drained>("migration_drained")
        .Add<MigrationEvent.DrainLost>("migration_drain_lost")
        .Add<MigrationEvent.Soaked>("migration_soaked")
        .Add<MigrationEvent.Retired>("migration_retired")
        .Add<MigrationEvent.GatePassed>("migration_gate_passed")
        .Add<MigrationEvent.RetirementOrdered>("migration_retirement_ordered")
        .Add<MigrationEvent.RetirementEnded>("migration_retirement_ended")
        .Add<MigrationEvent.Fenced>("migration_fenced")
        .Add<MigrationEvent.FenceLifted>("migration_fence_lifted")
        .Add<MigrationEvent.Paused>("migration_paused")
        .Add<MigrationEvent.Resumed>("migration_resumed")
        .Add<MigrationEvent.Approved>("migration_approved")
        .Add<MigrationEvent.RowsRepaired>("migration_rows_repaired")
        .Add<MigrationEvent.RollbackStarted>("migration_rollback_started")
        .Add<MigrationEvent.RolledBack>("migration_rolled_back")
        .Add<MigrationEvent.Completed>("migration_completed")
        .Add<MigrationEvent.Cancelled>("migration_cancelled");

    private static void AddBackfill(EventRegistry registry) => registry
        .Add<BackfillEvent.Planned>("backfill_planned")
        .Add<BackfillEvent.Started>("backfill_started")
        .Add<BackfillEvent.Restarted>("backfill_restarted")
        .Add<BackfillEvent.Paused>("backfill_paused")
        .Add<BackfillEvent.Resumed>("backfill_resumed")
        .Add<BackfillEvent.Tuned>("backfill_tuned")
        .Add<BackfillEvent.Progressed>("backfill_progressed")
        .Add<BackfillEvent.RowsQuarantined>("backfill_rows_quarantined")
        .Add<BackfillEvent.BreakerTripped>("backfill_breaker_tripped")
        .Add<BackfillEvent.RowsWaived>("backfill_rows_waived")
        .Add<BackfillEvent.RowsRetried>("backfill_rows_retried")
        .Add<BackfillEvent.Verified>("backfill_verified")
        .Add<BackfillEvent.Finished>("backfill_finished");

    private static void AddApplication(EventRegistry registry) => registry
        .Add<ApplicationEvent.VersionAppeared>("application_version_appeared")
        .Add<ApplicationEvent.VersionDrained>("application_version_drained")
        .Add<ApplicationEvent.VersionsRetired>("application_versions_retired")
        .Add<ApplicationEvent.RetirementMadePermanent>("application_retirement_made_permanent")
        .Add<ApplicationEvent.RetirementEnded>("application_retirement_ended")
        .Add<ApplicationEvent.CeilingSet>("application_ceiling_set")
        .Add<ApplicationEvent.CeilingLifted>("application_ceiling_lifted")
        .Add<ApplicationEvent.PopulationExpected>("application_population_expected")
        .Add<ApplicationEvent.InstanceAttested>("application_instance_attested");
}
