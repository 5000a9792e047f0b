using Coordinator.Domain.Applications;
using Coordinator.Domain.Gates;
using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Tests.Gates;

public class StrictGateTests
{
    private static readonly Dictionary<string, VersionRule> Versions = new()
    {
        ["api"] = new(42, 42, new VersionRoles("api_v{version}")),
        ["worker"] = new(17, 17),
    };

    private static readonly Dictionary<string, ExpectedPopulation?> Nobody = new()
    {
        ["api"] = ExpectedPopulation.None,
        ["worker"] = ExpectedPopulation.None,
    };

    [Fact]
    public void An_instance_that_is_left_to_the_fence_does_not_block_and_another_does()
    {
        var left = new InstanceFact("api", "1", 41, InstanceCondition.Suspected, TimeSpan.FromMinutes(1));
        var other = new InstanceFact("api", "2", 41, InstanceCondition.Suspected, TimeSpan.FromMinutes(1));
        Assert.Equal(
            "api/2",
            Assert.Single(Drain.Blockers(Versions, [left, other], Nobody, rollback: false, new HashSet<InstanceFact> { left })).Subject);
    }

    [Theory]
    [InlineData("api_v41", null, null, false, null)]
    [InlineData("api_v41", "api", 41L, false, null)]
    [InlineData("api_v42", "api", 42L, false, null)]
    [InlineData("api_v42", null, null, false, null)]
    // An old program that got hold of the new role, or uses its old common one: no fence would end it.
    [InlineData("api_v42", "api", 41L, false, "SESSION_OF_OLD_VERSION")]
    [InlineData("common", "api", 41L, false, "SESSION_OF_OLD_VERSION")]
    [InlineData("common", null, null, false, "SESSION_UNATTRIBUTED")]
    [InlineData("api_v42", "api", 42L, true, null)]
    [InlineData("api_v41", "api", 42L, true, "SESSION_OF_NEW_VERSION")]
    public void A_session_is_waited_for_where_the_fence_would_not_end_it(
        string role, string? application, long? version, bool rollback, string? code)
    {
        var roleVersion = Versions["api"].Roles!.VersionOf(role);
        var session = new SessionFact(
            "eu", 1, role, "", application, version, roleVersion is null ? null : "api", roleVersion);
        Assert.Equal(code, Witness.Blockers(Versions, [session], rollback).SingleOrDefault()?.Code);
    }

    [Theory]
    [InlineData("api_v41", null, null, "SESSION_OF_OLD_VERSION")]
    [InlineData("api_v42", null, null, null)]
    [InlineData("api_v42", "api", 41L, "SESSION_OF_OLD_VERSION")]
    public void Asked_for_all_it_also_names_the_sessions_that_the_fence_would_end(
        string role, string? application, long? version, string? code)
    {
        var session = new SessionFact("eu", 1, role, "", application, version, "api", Versions["api"].Roles!.VersionOf(role));
        Assert.Equal(code, Witness.Blockers(Versions, [session], rollback: false, leaveToFence: false).SingleOrDefault()?.Code);
    }
}
