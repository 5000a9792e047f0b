using Coordinator.Engine.Specs;

namespace Coordinator.Engine.Tests.Specs;

public class YamlStrictTests
{
    [Fact]
    public void Strict_mode_is_read_with_a_pattern_or_with_names()
    {
        var spec = Assert.IsType<SpecReadResult.Spec>(YamlSpecReader.Read(Yaml(
            """
              api: { uses_new_from: 42, free_of_old_from: 42, mode: strict, roles: "api_v{version}" }
              job:
                uses_new_from: 7
                free_of_old_from: 8
                mode: strict
                roles: { 6: job_a, 7: job_b, 8: job_c }
              web: { uses_new_from: 3, free_of_old_from: 3, mode: cooperative }
            """))).Value;
        Assert.Equal("api_v41", spec.Versions["api"].Roles!.RoleOf(41));
        Assert.Equal("job_b", spec.Versions["job"].Roles!.RoleOf(7));
        Assert.False(spec.Versions["web"].IsStrict);
        Assert.Equal(TimeSpan.FromHours(2), spec.Contract.FenceSoak);
    }

    [Fact]
    public void What_is_wrong_is_reported_with_its_place_all_at_once()
    {
        var invalid = Assert.IsType<SpecReadResult.Invalid>(YamlSpecReader.Read(Yaml(
            """
              a: { uses_new_from: 42, free_of_old_from: 42, mode: lax }
              b: { uses_new_from: 42, free_of_old_from: 42, mode: strict }
              c: { uses_new_from: 42, free_of_old_from: 42, roles: "c_v{version}" }
              d: { uses_new_from: 42, free_of_old_from: 42, mode: strict, roles: { first: x } }
              e: { uses_new_from: 42, free_of_old_from: 42, mode: strict, roles: "e" }
            """)));
        Assert.Equal(
            ["VALUE_UNKNOWN", "KEY_MISSING", "ROLES_WITHOUT_STRICT", "VERSION_INVALID", "ROLE_PATTERN_INVALID"],
            invalid.Errors.Select(error => error.Code).Where(code => code is not ("STRICT_ROLE_MISSING" or "FENCE_MISSING")));
    }

    private static string Yaml(string versions) =>
        $$"""
        migration: m
        target: shop
        versions:
        {{versions}}
        contract:
          fence_soak: 2h
        operations:
          - rename_column: { table: review, from: comment, to: message }
        """;
}
