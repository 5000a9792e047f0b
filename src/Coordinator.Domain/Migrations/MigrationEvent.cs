using Coordinator.Domain.Plans;

namespace Coordinator.Domain.Migrations;

/// <summary>What happened to a migration. Stored; properties are added, never changed.</summary>
public abstract record MigrationEvent
{
    private MigrationEvent()
    {
    }

    public sealed record Planned(string Name, MigrationPlan Plan) : MigrationEvent;

    public sealed record Started : MigrationEvent;

    public sealed record StepStarted(string Step, int Attempt) : MigrationEvent;

    /// <summary>An operator ordered a failed step to run again.</summary>
    public sealed record StepRetried(string Step, int Attempt) : MigrationEvent;

    public sealed record StepCompleted(string Step, IReadOnlyDictionary<string, string> Evidence) : MigrationEvent;

    public sealed record StepFailed(string Step, string Code, string Reason, string Remedy) : MigrationEvent;

    /// <summary>A step waits for something that a person has to do; only when the blockers change, none when it goes on.</summary>
    public sealed record StepBlocked(string Step, IReadOnlyList<Blocker> Blockers) : MigrationEvent;

    /// <summary>Only when the blockers change, not when their texts age.</summary>
    public sealed record GateBlocked(IReadOnlyList<Blocker> Blockers) : MigrationEvent;

    /// <summary>The last old instance left; the soak's clock starts.</summary>
    public sealed record Drained(DateTimeOffset At) : MigrationEvent;

    /// <summary>An old instance came back before the retirement.</summary>
    public sealed record DrainLost(IReadOnlyList<Blocker> Blockers) : MigrationEvent;

    public sealed record Soaked(DateTimeOffset At) : MigrationEvent;

    /// <summary>From here no old version may start: the floor of each application.</summary>
    public sealed record Retired(IReadOnlyDictionary<string, long> Floors) : MigrationEvent;

    public sealed record GatePassed(IReadOnlyDictionary<string, string> Evidence) : MigrationEvent;

    /// <summary>An operator retired old versions before all of them had left; the drain goes on.</summary>
    public sealed record RetirementOrdered(IReadOnlyDictionary<string, long> Floors, string By, string Why) : MigrationEvent;

    /// <summary>An operator let old versions come back; the gate waits until somebody retires them again.</summary>
    public sealed record RetirementEnded(string By, string Why) : MigrationEvent;

    /// <summary>Strict mode: the target itself keeps out the versions that are shut out; in a rollback those are the new ones.</summary>
    public sealed record Fenced(DateTimeOffset? At = null, IReadOnlyDictionary<string, string>? Evidence = null) : MigrationEvent;

    /// <summary>Their roles have their login and rights again, as they had them.</summary>
    public sealed record FenceLifted : MigrationEvent;

    public sealed record Paused(string Reason) : MigrationEvent;

    public sealed record Resumed : MigrationEvent;

    public sealed record Approved(string By) : MigrationEvent;

    /// <summary>Somebody had rows that differ brought in sync from the old side. Those in quarantine were left out.</summary>
    public sealed record RowsRepaired(string Step, string By, long Repaired, long StillDifferent, long InQuarantine) : MigrationEvent;

    public sealed record RollbackStarted : MigrationEvent;

    public sealed record RolledBack : MigrationEvent;

    public sealed record Completed : MigrationEvent;

    public sealed record Cancelled : MigrationEvent;
}
