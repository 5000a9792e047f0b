using System.Globalization;
using Verdict = Coordinator.Domain.Decision<Coordinator.Domain.Applications.ApplicationEvent>;

namespace Coordinator.Domain.Applications;

/// <summary>
/// What may happen to an application. A permanent retirement never ends, and floor and ceiling never shut every version out.
/// </summary>
public static class ApplicationDecider
{
    public static Verdict Decide(ApplicationCommand command, ApplicationState state)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(state);
        return command switch
        {
            ApplicationCommand.AppearVersion appear => DecideAppear(appear, state),
            ApplicationCommand.DrainVersion drain => state.PresentVersions.Contains(drain.Version)
                ? Accept(new ApplicationEvent.VersionDrained(drain.Version))
                : Accept(),
            ApplicationCommand.RetireVersions retire => DecideRetire(retire, state),
            ApplicationCommand.MakeRetirementPermanent permanent => DecideMakePermanent(permanent, state),
            ApplicationCommand.EndRetirement end => DecideEndRetirement(end, state),
            ApplicationCommand.SetCeiling set => DecideSetCeiling(set, state),
            ApplicationCommand.LiftCeiling lift => state.Ceilings.ContainsKey(lift.Migration)
                ? Accept(new ApplicationEvent.CeilingLifted(lift.Migration))
                : Accept(),
            ApplicationCommand.ExpectPopulation expect => DecideExpect(expect, state),
            ApplicationCommand.AttestInstance attest => DecideAttest(attest),
            _ => throw new ArgumentOutOfRangeException(nameof(command), command, "Unknown command."),
        };
    }

    private static Verdict DecideAppear(ApplicationCommand.AppearVersion appear, ApplicationState state) =>
        Admission.Check(appear.Version, state) is { } refusal ? Reject(refusal)
        : state.PresentVersions.Contains(appear.Version) ? Accept()
        : Accept(new ApplicationEvent.VersionAppeared(appear.Version));

    private static Verdict DecideRetire(ApplicationCommand.RetireVersions retire, ApplicationState state)
    {
        if (retire.Floor < 1)
        {
            return Reject(Invalid("FLOOR_INVALID", "A floor is a version, at least 1.", "Use the migration's free_of_old_from."));
        }

        if (state.Retirements.TryGetValue(retire.Migration, out var floor))
        {
            return floor == retire.Floor ? Accept() : Reject(new Rejection(
                "RETIREMENT_IN_FORCE",
                $"Migration '{retire.Migration}' has retired versions below {Text(floor)} already; a retirement does not change.",
                "End the retirement first, if it is not permanent.",
                About(retire.Migration)));
        }

        return retire.Floor >= state.Ceiling
            ? Reject(IntervalEmpty(retire.Migration, retire.Floor, state.Ceiling.Value))
            : Accept(new ApplicationEvent.VersionsRetired(retire.Migration, retire.Floor));
    }

    private static Verdict DecideMakePermanent(ApplicationCommand.MakeRetirementPermanent permanent, ApplicationState state) =>
        !state.Retirements.ContainsKey(permanent.Migration)
            ? Reject(new Rejection(
                "RETIREMENT_NOT_FOUND",
                $"Migration '{permanent.Migration}' has retired no version.",
                "Retire first.",
                About(permanent.Migration)))
        : state.Permanent.Contains(permanent.Migration) ? Accept()
        : Accept(new ApplicationEvent.RetirementMadePermanent(permanent.Migration));

    private static Verdict DecideEndRetirement(ApplicationCommand.EndRetirement end, ApplicationState state) =>
        state.Permanent.Contains(end.Migration)
            ? Reject(new Rejection(
                "RETIREMENT_PERMANENT",
                $"Contract of migration '{end.Migration}' ran: what the retired versions need is gone.",
                "Start a newer version.",
                About(end.Migration)))
        : state.Retirements.ContainsKey(end.Migration) ? Accept(new ApplicationEvent.RetirementEnded(end.Migration))
        : Accept();

    private static Verdict DecideSetCeiling(ApplicationCommand.SetCeiling set, ApplicationState state)
    {
        if (set.Ceiling < 1)
        {
            return Reject(Invalid("CEILING_INVALID", "A ceiling is a version, at least 1.", "Use the migration's uses_new_from."));
        }

        // A ceiling of 1 admits nothing either, but before anything was retired it is what "no version yet" means for a new application.
        return state.Ceilings.TryGetValue(set.Migration, out var ceiling) && ceiling == set.Ceiling ? Accept()
            : set.Ceiling <= state.Floor ? Reject(IntervalEmpty(set.Migration, state.Floor, set.Ceiling))
            : Accept(new ApplicationEvent.CeilingSet(set.Migration, set.Ceiling));
    }

    private static Verdict DecideExpect(ApplicationCommand.ExpectPopulation expect, ApplicationState state) => expect.Population switch
    {
        { Kind: PopulationKind.Count, Count: null or < 1 } => Reject(Invalid(
            "POPULATION_INVALID", "A counted population is at least 1.", "Say 'none' if no instance is expected.")),
        { Kind: not PopulationKind.Count, Count: not null } => Reject(Invalid(
            "POPULATION_INVALID", "Only a counted population has a number.", "Leave the number out.")),
        var population when population == state.Population => Accept(),
        var population => Accept(new ApplicationEvent.PopulationExpected(population)),
    };

    private static Verdict DecideAttest(ApplicationCommand.AttestInstance attest) =>
        string.IsNullOrWhiteSpace(attest.By) || string.IsNullOrWhiteSpace(attest.Why)
            ? Reject(Invalid(
                "ATTESTATION_INCOMPLETE",
                "An attestation says who vouches that the instance is gone, and how he knows.",
                "Give both a name and a reason, for instance 'pod deleted'."))
            : Accept(new ApplicationEvent.InstanceAttested(attest.Instance, attest.Version, attest.By, attest.Why));

    private static Rejection IntervalEmpty(string migration, long floor, long ceiling) => new(
        "ADMISSION_INTERVAL_EMPTY",
        $"No version could start: only versions from {Text(floor)} and below {Text(ceiling)} would be admitted.",
        "Finish or roll back the other migration first.",
        About(migration));

    private static Rejection Invalid(string code, string message, string remedy) =>
        new(code, message, remedy, Kind: RejectionKind.InvalidArgument);

    private static Dictionary<string, string> About(string migration) => new(StringComparer.Ordinal) { ["migration"] = migration };

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static Verdict Accept(params IReadOnlyList<ApplicationEvent> events) => Verdict.Accept(events);

    private static Verdict Reject(Rejection rejection) => Verdict.Reject(rejection);
}
