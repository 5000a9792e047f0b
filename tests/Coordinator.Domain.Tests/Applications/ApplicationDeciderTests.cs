using Coordinator.Domain.Applications;
using ApplicationScenario = Coordinator.Domain.Tests.Scenario<
    Coordinator.Domain.Applications.ApplicationState,
    Coordinator.Domain.Applications.ApplicationCommand,
    Coordinator.Domain.Applications.ApplicationEvent>;

namespace Coordinator.Domain.Tests.Applications;

public class ApplicationDeciderTests
{
    [Fact]
    public void A_version_appears_once_and_again_after_it_drained()
    {
        var scenario = Application().When(new ApplicationCommand.AppearVersion(41)).Then(new ApplicationEvent.VersionAppeared(41));
        scenario.When(new ApplicationCommand.AppearVersion(41)).ThenNothing();
        scenario.When(new ApplicationCommand.DrainVersion(41)).Then(new ApplicationEvent.VersionDrained(41));
        scenario.When(new ApplicationCommand.DrainVersion(41)).ThenNothing();
        scenario.When(new ApplicationCommand.AppearVersion(41)).Then(new ApplicationEvent.VersionAppeared(41));
        Assert.Equal([41], scenario.State.SeenVersions);
    }

    [Fact]
    public void A_version_outside_the_interval_does_not_appear()
    {
        var scenario = Application().Given(new ApplicationEvent.VersionsRetired("m1", 41), new ApplicationEvent.CeilingSet("m2", 43));
        var retired = scenario.When(new ApplicationCommand.AppearVersion(40)).ThenRejected("VERSION_RETIRED");
        Assert.Contains("m1", retired.Message, StringComparison.Ordinal);
        var early = scenario.When(new ApplicationCommand.AppearVersion(43)).ThenRejected("VERSION_NOT_READY");
        Assert.Contains("m2", early.Message, StringComparison.Ordinal);
        scenario.When(new ApplicationCommand.AppearVersion(0)).ThenRejected("VERSION_INVALID", RejectionKind.InvalidArgument);
        scenario.When(new ApplicationCommand.AppearVersion(41)).Then(new ApplicationEvent.VersionAppeared(41));
        scenario.When(new ApplicationCommand.AppearVersion(42)).Then(new ApplicationEvent.VersionAppeared(42));
    }

    [Fact]
    public void A_retirement_raises_the_floor_and_can_be_ended_until_it_is_permanent()
    {
        var scenario = Application().When(new ApplicationCommand.RetireVersions("m", 42)).Then(new ApplicationEvent.VersionsRetired("m", 42));
        Assert.Equal(42, scenario.State.Floor);
        scenario.When(new ApplicationCommand.RetireVersions("m", 42)).ThenNothing();
        scenario.When(new ApplicationCommand.RetireVersions("m", 43)).ThenRejected("RETIREMENT_IN_FORCE");
        scenario.When(new ApplicationCommand.EndRetirement("m")).Then(new ApplicationEvent.RetirementEnded("m"));
        Assert.Equal(0, scenario.State.Floor);
        scenario.When(new ApplicationCommand.EndRetirement("m")).ThenNothing();

        scenario.Given(new ApplicationEvent.VersionsRetired("m", 42))
            .When(new ApplicationCommand.MakeRetirementPermanent("m"))
            .Then(new ApplicationEvent.RetirementMadePermanent("m"));
        scenario.When(new ApplicationCommand.MakeRetirementPermanent("m")).ThenNothing();
        scenario.When(new ApplicationCommand.EndRetirement("m")).ThenRejected("RETIREMENT_PERMANENT");
        Assert.Equal(42, scenario.State.Floor);
    }

    [Fact]
    public void What_was_not_retired_does_not_become_permanent() =>
        Application().When(new ApplicationCommand.MakeRetirementPermanent("m")).ThenRejected("RETIREMENT_NOT_FOUND");

    [Fact]
    public void A_ceiling_is_set_lowered_and_lifted()
    {
        var scenario = Application().When(new ApplicationCommand.SetCeiling("m", 42)).Then(new ApplicationEvent.CeilingSet("m", 42));
        scenario.When(new ApplicationCommand.SetCeiling("m", 42)).ThenNothing();
        scenario.When(new ApplicationCommand.SetCeiling("m", 41)).Then(new ApplicationEvent.CeilingSet("m", 41));
        Assert.Equal(41, scenario.State.Ceiling);
        scenario.When(new ApplicationCommand.LiftCeiling("m")).Then(new ApplicationEvent.CeilingLifted("m"));
        scenario.When(new ApplicationCommand.LiftCeiling("m")).ThenNothing();
        Assert.Null(scenario.State.Ceiling);
    }

    [Fact]
    public void Floor_and_ceiling_never_shut_every_version_out()
    {
        Application().Given(new ApplicationEvent.CeilingSet("m1", 42))
            .When(new ApplicationCommand.RetireVersions("m2", 42)).ThenRejected("ADMISSION_INTERVAL_EMPTY");
        Application().Given(new ApplicationEvent.VersionsRetired("m1", 42))
            .When(new ApplicationCommand.SetCeiling("m2", 42)).ThenRejected("ADMISSION_INTERVAL_EMPTY");
        Application().Given(new ApplicationEvent.VersionsRetired("m1", 42))
            .When(new ApplicationCommand.SetCeiling("m2", 43)).Then(new ApplicationEvent.CeilingSet("m2", 43));
    }

    [Fact]
    public void Versions_that_are_none_are_refused()
    {
        Application().When(new ApplicationCommand.RetireVersions("m", 0)).ThenRejected("FLOOR_INVALID", RejectionKind.InvalidArgument);
        Application().When(new ApplicationCommand.SetCeiling("m", 0)).ThenRejected("CEILING_INVALID", RejectionKind.InvalidArgument);
    }

    [Fact]
    public void A_population_is_a_number_or_observed_or_none()
    {
        var scenario = Application();
        foreach (var population in new[] { ExpectedPopulation.Of(3), ExpectedPopulation.Observed, ExpectedPopulation.None })
        {
            scenario.When(new ApplicationCommand.ExpectPopulation(population)).Then(new ApplicationEvent.PopulationExpected(population));
            scenario.When(new ApplicationCommand.ExpectPopulation(population)).ThenNothing();
        }

        foreach (var wrong in new[] { ExpectedPopulation.Of(0), ExpectedPopulation.Of(-1), new(PopulationKind.Count), new(PopulationKind.None, 1) })
        {
            scenario.When(new ApplicationCommand.ExpectPopulation(wrong)).ThenRejected("POPULATION_INVALID", RejectionKind.InvalidArgument);
        }
    }

    [Fact]
    public void An_attestation_says_who_and_why()
    {
        Application().When(new ApplicationCommand.AttestInstance("7f", 41, "ann", "pod deleted"))
            .Then(new ApplicationEvent.InstanceAttested("7f", 41, "ann", "pod deleted"));
        Application().When(new ApplicationCommand.AttestInstance("7f", 41, "", "pod deleted"))
            .ThenRejected("ATTESTATION_INCOMPLETE", RejectionKind.InvalidArgument);
        Application().When(new ApplicationCommand.AttestInstance("7f", 41, "ann", " "))
            .ThenRejected("ATTESTATION_INCOMPLETE", RejectionKind.InvalidArgument);
    }

    private static ApplicationScenario Application() =>
        new(ApplicationState.Named("shop-api"), static (s, e) => s.Evolve(e), ApplicationDecider.Decide);
}
