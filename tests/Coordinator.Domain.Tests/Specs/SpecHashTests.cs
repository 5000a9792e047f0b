using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Tests.Specs;

public class SpecHashTests
{
    [Fact]
    public void The_order_of_applications_does_not_matter()
    {
        var spec = Samples.Spec(Samples.Rename, Samples.Raw);
        var turned = spec with { Versions = spec.Versions.Reverse().ToDictionary() };
        Assert.Equal(SpecHash.Of(spec), SpecHash.Of(turned));
        Assert.Matches("^[0-9a-f]{64}$", SpecHash.Of(spec));
    }

    [Fact]
    public void Anything_else_does()
    {
        var spec = Samples.Spec(Samples.Rename, Samples.NotNull);
        MigrationSpec[] others =
        [
            spec,
            spec with { Name = "other" },
            spec with { Contract = new ContractRule(TimeSpan.FromSeconds(1), false) },
            spec with { Operations = [.. spec.Operations.Reverse()] },
            spec with { Operations = [Samples.Rename with { OnDefault = InsertDefaultPolicy.Accept }, Samples.NotNull] },
            spec with { Versions = new Dictionary<string, VersionRule> { ["shop-api"] = new(42, 43), ["shop-worker"] = new(17, 18) } },
        ];
        Assert.Equal(others.Length, others.Select(SpecHash.Of).Distinct().Count());
    }

    [Fact]
    public void A_hash_is_for_ever() => Assert.Equal(
        "f9040177ad56599c25c5a74e7fb78329556f1d1e4b1ccfc39766dce4bfde5630",
        SpecHash.Of(Samples.Spec(Samples.Rename)));
}
