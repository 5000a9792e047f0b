using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Tests.Specs;

public class StrictSpecTests
{
    [Theory]
    [InlineData("shop_api_v41", 41L)]
    [InlineData("shop_api_v9223372036854775807", long.MaxValue)]
    [InlineData("shop_api_v", null)]
    [InlineData("shop_api_v041", null)]
    [InlineData("shop_api_v0", null)]
    [InlineData("shop_api_v-1", null)]
    [InlineData("shop_api_v41x", null)]
    [InlineData("shop_worker_v41", null)]
    public void A_pattern_finds_the_version_of_a_role(string role, long? version) =>
        Assert.Equal(version, new VersionRoles("shop_api_v{version}").VersionOf(role));

    [Fact]
    public void A_pattern_may_go_on_behind_the_version()
    {
        var roles = new VersionRoles("v{version}_api");
        Assert.Equal(7, roles.VersionOf("v7_api"));
        Assert.Equal("v7_api", roles.RoleOf(7));
        Assert.Null(roles.VersionOf("v_api"));
    }

    [Fact]
    public void Named_roles_are_found_both_ways()
    {
        var roles = Named((41, "old"), (42, "new"));
        Assert.Equal(41, roles.VersionOf("old"));
        Assert.Equal("new", roles.RoleOf(42));
        Assert.Null(roles.VersionOf("other"));
        Assert.Null(roles.RoleOf(40));
    }

    [Fact]
    public void What_is_wrong_with_strict_mode_is_reported_all_at_once()
    {
        var spec = Samples.Spec(Samples.Rename, Samples.Raw) with
        {
            Versions = new Dictionary<string, VersionRule>
            {
                ["a"] = new(42, 42, new VersionRoles("no_version")),
                ["b"] = new(42, 42, Named((42, "b_new"))),
                ["c"] = new(42, 42, Named((41, "shared"), (42, "pg_new"))),
                ["d"] = new(42, 42, Named((0, "shared"))),
                ["e"] = new(42, 42, new VersionRoles("{version}")),
                ["f"] = new(42, 42, new VersionRoles(new string('x', 50) + "{version}")),
            },
            Contract = new ContractRule(TimeSpan.Zero, false, TimeSpan.FromDays(91)),
        };

        Assert.Equal(
            [
                "versions.a.roles ROLE_PATTERN_INVALID",
                "versions.b.roles STRICT_ROLE_MISSING",
                "versions.c.roles.42 SYSTEM_ROLE",
                "versions.d.roles.0 VERSION_INVALID",
                "versions.d.roles.0 ROLE_TWICE",
                "versions.e.roles ROLE_PATTERN_INVALID",
                "versions.f.roles IDENTIFIER_INVALID",
                "contract.fence_soak SOAK_OUT_OF_RANGE",
                "operations[1].raw_sql.table STRICT_TABLE_MISSING",
            ],
            SpecValidator.Validate(spec).Select(error => $"{error.Place} {error.Code}"));
    }

    [Fact]
    public void A_soak_behind_a_fence_needs_a_fence() =>
        Assert.Equal("FENCE_MISSING", Assert.Single(SpecValidator.Validate(
            Samples.Spec(Samples.Rename) with { Contract = new ContractRule(TimeSpan.Zero, false, TimeSpan.FromHours(1)) })).Code);

    [Fact]
    public void Roles_are_part_of_the_hash_and_their_absence_is_not()
    {
        var without = Samples.Spec(Samples.Rename);
        var with = without with
        {
            Versions = new Dictionary<string, VersionRule>(without.Versions) { ["shop-api"] = new(42, 42, new VersionRoles("v{version}")) },
        };
        Assert.NotEqual(SpecHash.Of(without), SpecHash.Of(with));
    }

    private static VersionRoles Named(params (long Version, string Role)[] roles) =>
        new(null, roles.ToDictionary(static r => r.Version, static r => r.Role));
}
