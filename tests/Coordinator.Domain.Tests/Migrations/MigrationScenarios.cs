using Coordinator.Domain.Migrations;
using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;
using MigrationScenario = Coordinator.Domain.Tests.Scenario<
    Coordinator.Domain.Migrations.MigrationState,
    Coordinator.Domain.Migrations.MigrationCommand,
    Coordinator.Domain.Migrations.MigrationEvent>;

namespace Coordinator.Domain.Tests.Migrations;

/// <summary>Where the tests of the migration's decider begin.</summary>
internal static class MigrationScenarios
{
    public static DateTimeOffset Noon { get; } = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public static IReadOnlyDictionary<string, string> NoEvidence { get; } = new Dictionary<string, string>();

    public static IReadOnlyDictionary<string, long> Floors { get; } =
        new Dictionary<string, long> { ["shop-api"] = 42, ["shop-worker"] = 18 };

    public static MigrationPlan Plan { get; } = Samples.Plan(Samples.Rename);

    public static IReadOnlyList<string> BeforeGate { get; } =
        [.. Plan.Steps.TakeWhile(static s => s is not PlanStep.Gate).Select(static s => s.Id)];

    public static string ContractStep { get; } = Plan.Steps.OfType<PlanStep.Contract>().Single().Id;

    public static string RollbackStep { get; } = Plan.RollbackSteps.Single().Id;

    public static MigrationScenario Nothing() =>
        new(MigrationState.Initial, static (s, e) => s.Evolve(e), MigrationDecider.Decide);

    public static MigrationScenario Planned(MigrationPlan? plan = null) =>
        Nothing().Given(new MigrationEvent.Planned((plan ?? Plan).Spec.Name, plan ?? Plan));

    public static MigrationScenario Running(MigrationPlan? plan = null) => Planned(plan).Given(new MigrationEvent.Started());

    public static MigrationScenario AtGate(ContractRule? rule = null)
    {
        var plan = rule is null ? Plan : Samples.Plan(Samples.Spec(Samples.Rename) with { Contract = rule });
        return Running(plan).Given(BeforeGate.SelectMany(Done)).Given(new MigrationEvent.StepStarted("gate", 1));
    }

    public static MigrationScenario Drained(ContractRule? rule = null) => AtGate(rule).Given(new MigrationEvent.Drained(Noon));

    public static MigrationScenario Retired() => Drained().Given(new MigrationEvent.Retired(Floors));

    public static MigrationScenario GatePassed() => Retired().Given(new MigrationEvent.GatePassed(NoEvidence));

    public static MigrationScenario ContractStarted() => GatePassed().Given(new MigrationEvent.StepStarted(ContractStep, 1));

    public static MigrationScenario RollingBack() =>
        Running().Given(Done(BeforeGate[0])).Given(new MigrationEvent.RollbackStarted());

    public static IEnumerable<MigrationEvent> Done(string step) =>
        [new MigrationEvent.StepStarted(step, 1), new MigrationEvent.StepCompleted(step, NoEvidence)];

    public static Blocker Blocker(string subject, string message = "runs version 41") =>
        new("INSTANCE_ALIVE", subject, message, "deploy version 42 or newer there, or stop it");
}
