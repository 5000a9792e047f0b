using Coordinator.Domain.Applications;
using FsCheck;
using FsCheck.Fluent;

namespace Coordinator.Domain.Tests.Applications;

public class AdmissionTests
{
    private static readonly Gen<string> Migration = Gen.Elements("m1", "m2", "m3");

    private static readonly Gen<long> Version = Gen.Choose(0, 6).Select(static v => (long)v);

    [Theory]
    [InlineData(1, 0, null, null)]
    [InlineData(long.MaxValue, 0, null, null)]
    [InlineData(0, 0, null, "VERSION_INVALID")]
    [InlineData(long.MinValue, 0, null, "VERSION_INVALID")]
    [InlineData(41, 42, null, "VERSION_RETIRED")]
    [InlineData(42, 42, null, null)]
    [InlineData(41, 0, 42L, null)]
    [InlineData(42, 0, 42L, "VERSION_NOT_READY")]
    [InlineData(43, 42, 43L, "VERSION_NOT_READY")]
    [InlineData(long.MaxValue, 0, long.MaxValue, "VERSION_NOT_READY")]
    public void A_version_starts_from_the_floor_up_to_below_the_ceiling(long version, long floor, long? ceiling, string? code) =>
        Assert.Equal(code, Admission.Check(version, floor, ceiling)?.Code);

    [Fact]
    public void A_refusal_names_the_interval_in_words_and_for_programs()
    {
        var rejection = Admission.Check(50, 42, 45);
        Assert.NotNull(rejection);
        Assert.Contains("versions from 42 and below 45 may start", rejection.Message, StringComparison.Ordinal);
        Assert.Equal("42", rejection.Metadata!["floor"]);
        Assert.Equal("45", rejection.Metadata["ceiling"]);
    }

    [Fact]
    public void The_interval_is_that_of_all_open_migrations() => CheckRun(static (_, state) =>
        state.Floor == state.Retirements.Values.Append(0).Max()
        && (state.Ceiling is null ? state.Ceilings.Count == 0 : state.Ceiling == state.Ceilings.Values.Min()));

    [Fact]
    public void The_floor_never_falls_below_what_is_permanent() => CheckRun(static (before, after) =>
        before.Permanent.All(m => after.Permanent.Contains(m) && after.Retirements[m] == before.Retirements[m])
        && after.Floor >= before.Permanent.Select(m => before.Retirements[m]).Append(0).Max());

    [Fact]
    public void Some_version_can_always_start() => CheckRun(static (_, state) =>
        Admission.Check(Math.Max(1, state.Floor), state) is null || state.Ceiling == 1);

    [Fact]
    public void A_registered_version_was_inside_the_interval() => CheckRun(static (before, after) =>
        after.PresentVersions.Except(before.PresentVersions).All(v => v >= before.Floor && (before.Ceiling is null || v < before.Ceiling)));

    [Fact]
    public void Naming_the_migrations_does_not_change_the_verdict() => CheckRun(static (_, state) =>
        Enumerable.Range(0, 8).All(v => Admission.Check(v, state)?.Code == Admission.Check(v, state.Floor, state.Ceiling)?.Code));

    private static void CheckRun(Func<ApplicationState, ApplicationState, bool> holds) => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300),
        Prop.ForAll(Commands().ListOf().ToArbitrary(), commands =>
        {
            var state = ApplicationState.Named("shop-api");
            foreach (var command in commands)
            {
                var after = ApplicationDecider.Decide(command, state) is Decision<ApplicationEvent>.Accepted accepted
                    ? accepted.Events.Aggregate(state, static (s, e) => s.Evolve(e))
                    : state;
                if (!holds(state, after))
                {
                    return false;
                }

                state = after;
            }

            return true;
        }));

    private static Gen<ApplicationCommand> Commands() => Gen.OneOf(
        Version.Select<long, ApplicationCommand>(static v => new ApplicationCommand.AppearVersion(v)),
        Version.Select<long, ApplicationCommand>(static v => new ApplicationCommand.DrainVersion(v)),
        Migration.SelectMany(_ => Version, static (m, v) => (ApplicationCommand)new ApplicationCommand.RetireVersions(m, v)),
        Migration.SelectMany(_ => Version, static (m, v) => (ApplicationCommand)new ApplicationCommand.SetCeiling(m, v)),
        Migration.Select<string, ApplicationCommand>(static m => new ApplicationCommand.MakeRetirementPermanent(m)),
        Migration.Select<string, ApplicationCommand>(static m => new ApplicationCommand.EndRetirement(m)),
        Migration.Select<string, ApplicationCommand>(static m => new ApplicationCommand.LiftCeiling(m)));
}
