using System.Reflection;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Compression;

namespace Grpc.Api.Tests.Surface;

/// <summary>The two gRPC packages find everything that they bind to in the API assemblies.</summary>
public sealed class PackageSurfaceTests
{
    private static readonly Assembly[] ApiAssemblies = [typeof(Status).Assembly, typeof(ICompressionProvider).Assembly];

    public static TheoryData<Assembly> Packages => [typeof(GrpcServiceOptions).Assembly, typeof(GrpcChannel).Assembly];

    [Theory]
    [MemberData(nameof(Packages))]
    public void Every_type_and_member_that_a_package_binds_to_exists_with_its_signature(Assembly package)
    {
        var existing = ApiAssemblies.SelectMany(assembly => ApiAssembly.Reachable(assembly.Location))
            .ToHashSet(StringComparer.Ordinal);
        var references = PackageAssembly.References(package.Location, "Grpc.Core.Api", "Grpc.Net.Common");

        Assert.InRange(references.Count, 50, 500);
        Assert.Empty(references.Except(existing));
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void Every_type_of_a_package_loads_and_overrides_what_it_means_to_override(Assembly package)
    {
        const BindingFlags Declared = BindingFlags.DeclaredOnly | BindingFlags.Instance
            | BindingFlags.Public | BindingFlags.NonPublic;

        var overrides = package.GetTypes()
            .SelectMany(type => type.GetMethods(Declared))
            .Where(method => method.IsVirtual && !method.Attributes.HasFlag(MethodAttributes.NewSlot));

        Assert.All(overrides, overriding =>
            Assert.NotEqual(overriding.DeclaringType, overriding.GetBaseDefinition().DeclaringType));
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void The_API_assemblies_have_the_identity_that_a_package_asks_for(Assembly package)
    {
        var asked = package.GetReferencedAssemblies()
            .Where(name => name.Name is "Grpc.Core.Api" or "Grpc.Net.Common")
            .ToList();

        Assert.Contains(asked, name => name.Name == "Grpc.Core.Api");
        Assert.All(asked, name => Assert.Contains(ApiAssemblies, assembly => assembly.FullName == name.FullName));
    }

    [Fact]
    public void The_API_assemblies_say_the_version_of_the_packages()
    {
        Assert.Equal(VersionInfo.CurrentAssemblyVersion, typeof(Status).Assembly.GetName().Version?.ToString());
        Assert.Equal(
            VersionInfo.CurrentAssemblyFileVersion,
            typeof(Status).Assembly.GetCustomAttribute<AssemblyFileVersionAttribute>()?.Version);
        var package = typeof(GrpcChannel).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>();
        Assert.StartsWith(VersionInfo.CurrentVersion, package?.InformationalVersion, StringComparison.Ordinal);
    }
}
