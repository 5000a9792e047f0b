using Coordinator.Domain.Applications;
using Coordinator.Domain.Gates;
using Coordinator.Domain.Migrations;
using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Tests.Gates;

public class DrainTests
{
    private static readonly Dictionary<string, VersionRule> Versions = new()
    {
        ["worker"] = new(17, 18),
        ["api"] = new(42, 42),
    };

    [Fact]
    public void An_empty_fleet_of_which_none_is_expected_blocks_nothing() => Assert.Empty(Blockers([]));

    [Fact]
    public void An_old_instance_blocks_and_says_what_would_clear_it()
    {
        var blocker = Assert.Single(Blockers([Live("api", "7f", 41)]));
        Assert.Equal(("INSTANCE_ALIVE", "api/7f"), (blocker.Code, blocker.Subject));
        Assert.Equal("runs version 41, last seen 12 s ago", blocker.Message);
        Assert.Equal("deploy version 42 or newer there, or stop it", blocker.ClearedBy);
    }

    [Fact]
    public void A_lapsed_lease_alone_never_opens_the_gate()
    {
        var blocker = Assert.Single(Blockers([Suspected("api", "7f", 41, TimeSpan.FromMinutes(3))]));
        Assert.Equal("INSTANCE_SUSPECTED", blocker.Code);
        Assert.Contains("last seen 3 min ago; it may be paused, not gone", blocker.Message, StringComparison.Ordinal);
        Assert.Contains("attest that it is gone", blocker.ClearedBy, StringComparison.Ordinal);
    }

    [Fact]
    public void A_version_between_uses_new_and_free_of_old_still_blocks()
    {
        Assert.Single(Blockers([Live("worker", "1", 17)]));
        Assert.Empty(Blockers([Live("worker", "1", 18)]));
    }

    [Fact]
    public void An_application_that_is_not_named_is_nobodys_business_here() => Assert.Empty(Blockers([Live("other", "1", 1)]));

    [Fact]
    public void Those_that_are_let_go_are_gone_through_once_however_many_they_are()
    {
        InstanceFact[] fleet = [.. Enumerable.Range(0, 100).Select(n => Suspected("api", $"i{n}", 41, TimeSpan.FromMinutes(3)))];
        var letGo = new Counted(fleet);

        var blockers = Drain.Blockers(
            Versions, fleet, new Dictionary<string, ExpectedPopulation?>(), rollback: false, letGo);

        Assert.DoesNotContain(blockers, blocker => blocker.Code == "INSTANCE_SUSPECTED");
        Assert.Equal(1, letGo.Times);
    }

    [Fact]
    public void Of_a_large_fleet_a_hundred_are_named_those_that_may_need_a_person_first()
    {
        InstanceFact[] fleet =
        [
            .. Enumerable.Range(0, 250).Select(n => Live("api", $"live-{n:000}", 41)),
            Suspected("api", "silent", 41, TimeSpan.FromMinutes(3)),
        ];

        var blockers = Blockers(fleet);

        Assert.Equal(101, blockers.Count);
        Assert.Equal("api/live-098", blockers[98].Subject);
        Assert.Equal(("INSTANCE_SUSPECTED", "api/silent"), (blockers[99].Code, blockers[99].Subject));
        Assert.Equal(("MORE_INSTANCES", "api"), (blockers[100].Code, blockers[100].Subject));
        Assert.Contains("coordinator instances api", blockers[100].ClearedBy, StringComparison.Ordinal);
        Assert.Equal(100, Blockers(fleet[..100]).Count);
    }

    [Fact]
    public void Blockers_come_in_a_fixed_order()
    {
        InstanceFact[] fleet = [Live("worker", "b", 1), Live("api", "z", 1), Live("api", "a", 1), Live("worker", "a", 1)];
        string[] expected = ["api/a", "api/z", "worker/a", "worker/b"];
        Assert.Equal(expected, Blockers(fleet).Select(static b => b.Subject));
        Assert.Equal(expected, Blockers([.. fleet.Reverse()]).Select(static b => b.Subject));
    }

    [Fact]
    public void Silence_is_never_absence()
    {
        var blockers = Blockers([], new Dictionary<string, ExpectedPopulation?> { ["worker"] = null });
        Assert.Equal(["POPULATION_UNKNOWN", "POPULATION_UNKNOWN"], blockers.Select(static b => b.Code));
    }

    [Fact]
    public void A_counted_population_must_be_there_alive_and_new()
    {
        var expected = Populations(ExpectedPopulation.Of(2), ExpectedPopulation.None);
        Assert.Equal("POPULATION_SHORT", Assert.Single(Blockers([Live("api", "1", 42)], expected)).Code);
        Assert.Equal(
            "POPULATION_SHORT",
            Assert.Single(Blockers([Live("api", "1", 42), Suspected("api", "2", 42, TimeSpan.FromHours(1))], expected)).Code);
        Assert.Empty(Blockers([Live("api", "1", 42), Live("api", "2", 43)], expected));
        Assert.Equal(2, Blockers([Live("api", "1", 42), Live("api", "2", 41)], expected).Count);
    }

    [Fact]
    public void An_observed_population_asks_for_no_number() =>
        Assert.Empty(Blockers([], Populations(ExpectedPopulation.Observed, ExpectedPopulation.Observed)));

    [Fact]
    public void A_present_old_instance_blocks_even_if_none_is_expected() => Assert.Single(Blockers([Live("api", "1", 41)]));

    [Fact]
    public void A_rollback_waits_for_the_new_versions_instead_and_asks_for_no_population()
    {
        InstanceFact[] fleet = [Live("api", "old", 41), Live("api", "new", 42), Suspected("worker", "w", 17, TimeSpan.FromDays(2))];
        var blockers = Drain.Blockers(Versions, fleet, new Dictionary<string, ExpectedPopulation?>(), rollback: true);
        Assert.Equal(["api/new", "worker/w"], blockers.Select(static b => b.Subject));
        Assert.Equal("deploy a version below 42 there, or stop it", blockers[0].ClearedBy);
        Assert.Contains("last seen 2 d 0 h ago", blockers[1].Message, StringComparison.Ordinal);
    }

    private static IReadOnlyList<Blocker> Blockers(InstanceFact[] fleet, IReadOnlyDictionary<string, ExpectedPopulation?>? populations = null) =>
        Drain.Blockers(Versions, fleet, populations ?? Populations(ExpectedPopulation.None, ExpectedPopulation.None), rollback: false);

    private static Dictionary<string, ExpectedPopulation?> Populations(ExpectedPopulation api, ExpectedPopulation worker) =>
        new() { ["api"] = api, ["worker"] = worker };

    private static InstanceFact Live(string application, string instance, long version) =>
        new(application, instance, version, InstanceCondition.Live, TimeSpan.FromSeconds(12));

    private static InstanceFact Suspected(string application, string instance, long version, TimeSpan age) =>
        new(application, instance, version, InstanceCondition.Suspected, age);

    private sealed class Counted(IReadOnlyCollection<InstanceFact> inner) : IReadOnlyCollection<InstanceFact>
    {
        public int Times { get; private set; }

        public int Count => inner.Count;

        public IEnumerator<InstanceFact> GetEnumerator()
        {
            Times++;
            return inner.GetEnumerator();
        }

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
