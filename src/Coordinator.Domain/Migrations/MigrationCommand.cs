using System.Diagnostics.CodeAnalysis;
using Coordinator.Domain.Plans;

namespace Coordinator.Domain.Migrations;

/// <summary>What an operator or a driver asks of a migration. Times and facts come with the command; the domain has no clock.</summary>
public abstract record MigrationCommand
{
    private MigrationCommand()
    {
    }

    public sealed record Plan(string Name, MigrationPlan Value) : MigrationCommand;

    public sealed record Start : MigrationCommand;

    /// <summary>A driver is about to run a step. Repeated after a crash, it changes nothing.</summary>
    public sealed record BeginStep(string Step) : MigrationCommand;

    public sealed record CompleteStep(string Step, IReadOnlyDictionary<string, string> Evidence) : MigrationCommand;

    public sealed record FailStep(string Step, string Code, string Reason, string Remedy) : MigrationCommand;

    /// <summary>A step that has begun can't go on for now; no blockers: it can again.</summary>
    public sealed record BlockStep(string Step, IReadOnlyList<Blocker> Blockers) : MigrationCommand;

    public sealed record RetryStep(string Step) : MigrationCommand;

    public sealed record BlockGate(IReadOnlyList<Blocker> Blockers) : MigrationCommand;

    public sealed record MarkDrained(DateTimeOffset At) : MigrationCommand;

    public sealed record LoseDrain(IReadOnlyList<Blocker> Blockers) : MigrationCommand;

    public sealed record MarkSoaked(DateTimeOffset At) : MigrationCommand;

    public sealed record Retire(IReadOnlyDictionary<string, long> Floors) : MigrationCommand;

    /// <summary>An operator's word that old versions may not start any more, before all of them have left.</summary>
    public sealed record OrderRetirement(string By, string Why) : MigrationCommand;

    /// <summary>The way back from a retirement, until the contract begins.</summary>
    public sealed record EndRetirement(string By, string Why) : MigrationCommand;

    /// <summary>The roles of the versions that are shut out are closed on every shard.</summary>
    public sealed record MarkFenced(DateTimeOffset At, IReadOnlyDictionary<string, string> Evidence) : MigrationCommand;

    /// <summary>They are open again on every shard.</summary>
    public sealed record MarkFenceLifted : MigrationCommand;

    /// <summary><paramref name="At"/> is needed where the specification asks for a soak behind the fence.</summary>
    public sealed record PassGate(IReadOnlyDictionary<string, string> Evidence, DateTimeOffset? At = null) : MigrationCommand;

    public sealed record Pause(string Reason) : MigrationCommand;

    [SuppressMessage("Naming", "CA1716", Justification = "Only Visual Basic reserves the word; it is the verb that operators use.")]
    public sealed record Resume : MigrationCommand;

    public sealed record Approve(string By) : MigrationCommand;

    /// <summary>Somebody had rows that differ brought in sync; a fact, taken whatever the state is.</summary>
    public sealed record RecordRepair(string Step, string By, long Repaired, long StillDifferent, long InQuarantine) : MigrationCommand;

    public sealed record StartRollback : MigrationCommand;

    public sealed record FinishRollback : MigrationCommand;

    public sealed record Finish : MigrationCommand;

    public sealed record Cancel : MigrationCommand;
}
