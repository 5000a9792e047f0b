using Grpc.Core;

namespace Grpc.Api.Tests;

public sealed class AuthContextTests
{
    [Fact]
    public void A_peer_is_identified_by_the_named_properties()
    {
        var context = new AuthContext("name", new Dictionary<string, List<AuthProperty>>
        {
            ["name"] = [AuthProperty.Create("name", "é"u8.ToArray())],
            ["type"] = [AuthProperty.Create("type", [1])],
        });

        Assert.True(context.IsPeerAuthenticated);
        Assert.Equal("é", context.PeerIdentity.Single().Value);
        Assert.Equal(["name", "type"], context.Properties.Select(property => property.Name));
        Assert.Equal([1], context.FindPropertiesByName("type").Single().ValueBytes);
        Assert.Empty(context.FindPropertiesByName("missing"));
    }

    [Fact]
    public void A_peer_without_an_identity_is_not_authenticated()
    {
        var context = new AuthContext(null, []);

        Assert.False(context.IsPeerAuthenticated);
        Assert.Null(context.PeerIdentityPropertyName);
        Assert.Empty(context.PeerIdentity);
    }

    [Fact]
    public void The_bytes_of_a_property_are_copied_in_and_out()
    {
        byte[] bytes = [1, 2];
        var property = AuthProperty.Create("p", bytes);

        bytes[0] = 9;
        property.ValueBytes[1] = 9;

        Assert.Equal([1, 2], property.ValueBytes);
    }
}
