using Coordinator.Domain.Gates;
using Coordinator.Domain.Migrations;
using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Tests.Gates;

public class WitnessTests
{
    private static readonly Dictionary<string, VersionRule> Versions = new() { ["api"] = new(42, 43) };

    [Theory]
    [InlineData("api", 43L, null)]
    [InlineData("api", 42L, "SESSION_OF_OLD_VERSION")]
    [InlineData("api", null, "SESSION_UNATTRIBUTED")]
    [InlineData("report", 99L, "APPLICATION_NOT_NAMED")]
    [InlineData("report", null, "APPLICATION_NOT_NAMED")]
    [InlineData(null, null, "SESSION_UNATTRIBUTED")]
    public void A_session_testifies_for_its_version(string? application, long? version, string? code) =>
        Assert.Equal(code, Witness.Blockers(Versions, [Session("eu", 1, application, version)], rollback: false).SingleOrDefault()?.Code);

    [Theory]
    [InlineData(41L, null)]
    [InlineData(42L, "SESSION_OF_NEW_VERSION")]
    public void In_a_rollback_it_testifies_against_the_new(long version, string? code) =>
        Assert.Equal(code, Witness.Blockers(Versions, [Session("eu", 1, "api", version)], rollback: true).SingleOrDefault()?.Code);

    [Fact]
    public void Every_session_is_named_by_shard_and_process_in_a_fixed_order()
    {
        var blockers = Witness.Blockers(
            Versions, [Session("us", 3, null, null), Session("eu", 20, null, null), Session("eu", 4, "api", 1)], rollback: false);
        Assert.Equal(["eu/4", "eu/20", "us/3"], blockers.Select(static b => b.Subject));
        Assert.All(blockers, static b => Assert.NotEmpty(b.ClearedBy));
    }

    [Fact]
    public void A_session_that_has_long_been_idle_may_be_a_poolers()
    {
        var session = Session("eu", 1, "api", 1);
        Assert.DoesNotContain("RECONNECT", Told(session with { IdleFor = TimeSpan.FromSeconds(9) }).ClearedBy, StringComparison.Ordinal);

        var idle = Told(session with { IdleFor = TimeSpan.FromMinutes(12) });

        Assert.EndsWith(", idle for 12 min", idle.Message, StringComparison.Ordinal);
        Assert.Contains("RECONNECT", idle.ClearedBy, StringComparison.Ordinal);
        Blocker Told(SessionFact fact) => Assert.Single(Witness.Blockers(Versions, [fact], rollback: false));
    }

    private static SessionFact Session(string shard, int pid, string? application, long? version) =>
        new(shard, pid, "shop", "label", application, version);
}
