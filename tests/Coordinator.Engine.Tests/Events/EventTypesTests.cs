using System.Reflection;
using Coordinator.Domain.Applications;
using Coordinator.Domain.Backfills;
using Coordinator.Domain.Migrations;
using Coordinator.Engine.Events;
using Coordinator.EventStore.Registry;

namespace Coordinator.Engine.Tests.Events;

public sealed class EventTypesTests
{
    private static readonly MethodInfo AddAlias = typeof(EventRegistry).GetMethod(nameof(EventRegistry.AddAlias))!;

    private static readonly MethodInfo Add = typeof(EventRegistry).GetMethods()
        .Single(method => method.Name == nameof(EventRegistry.Add) && method.GetParameters().Length == 1);

    public static TheoryData<Type> Events() => [.. new[] { typeof(MigrationEvent), typeof(BackfillEvent), typeof(ApplicationEvent) }
        .SelectMany(root => root.GetNestedTypes().Where(type => type.IsSubclassOf(root)))];

    [Theory]
    [MemberData(nameof(Events))]
    public void Every_event_of_the_domain_has_a_name(Type type) =>
        AssertRegistered(Add.MakeGenericMethod(type), "an-alias-that-nothing-has");

    /// <summary>These stand in databases. A name may be added here; none may be changed or removed.</summary>
    [Theory]
    [InlineData("migration_planned")]
    [InlineData("migration_started")]
    [InlineData("migration_step_started")]
    [InlineData("migration_step_retried")]
    [InlineData("migration_step_completed")]
    [InlineData("migration_step_failed")]
    [InlineData("migration_step_blocked")]
    [InlineData("migration_gate_blocked")]
    [InlineData("migration_drained")]
    [InlineData("migration_drain_lost")]
    [InlineData("migration_soaked")]
    [InlineData("migration_retired")]
    [InlineData("migration_gate_passed")]
    [InlineData("migration_retirement_ordered")]
    [InlineData("migration_retirement_ended")]
    [InlineData("migration_fenced")]
    [InlineData("migration_fence_lifted")]
    [InlineData("migration_paused")]
    [InlineData("migration_resumed")]
    [InlineData("migration_approved")]
    [InlineData("migration_rows_repaired")]
    [InlineData("migration_rollback_started")]
    [InlineData("migration_rolled_back")]
    [InlineData("migration_completed")]
    [InlineData("migration_cancelled")]
    [InlineData("backfill_planned")]
    [InlineData("backfill_started")]
    [InlineData("backfill_restarted")]
    [InlineData("backfill_paused")]
    [InlineData("backfill_resumed")]
    [InlineData("backfill_tuned")]
    [InlineData("backfill_progressed")]
    [InlineData("backfill_rows_quarantined")]
    [InlineData("backfill_breaker_tripped")]
    [InlineData("backfill_rows_waived")]
    [InlineData("backfill_rows_retried")]
    [InlineData("backfill_verified")]
    [InlineData("backfill_finished")]
    [InlineData("application_version_appeared")]
    [InlineData("application_version_drained")]
    [InlineData("application_versions_retired")]
    [InlineData("application_retirement_made_permanent")]
    [InlineData("application_retirement_ended")]
    [InlineData("application_ceiling_set")]
    [InlineData("application_ceiling_lifted")]
    [InlineData("application_population_expected")]
    [InlineData("application_instance_attested")]
    public void A_stored_name_can_still_be_read(string alias) =>
        AssertRegistered(AddAlias.MakeGenericMethod(typeof(string)), alias);

    // The registry refuses a second registration.
    private static void AssertRegistered(MethodInfo register, string alias) => Assert.IsType<ArgumentException>(
        Assert.Throws<TargetInvocationException>(() => register.Invoke(EventTypes.Create(), [alias])).InnerException);
}
