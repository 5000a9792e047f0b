using Grpc.Core.Utils;

namespace Grpc.Api.Tests;

public sealed class GrpcPreconditionsTests
{
    [Fact]
    public void A_condition_that_holds_passes()
    {
        GrpcPreconditions.CheckArgument(true);
        GrpcPreconditions.CheckArgument(true, "unused");
        GrpcPreconditions.CheckState(true);
        GrpcPreconditions.CheckState(true, "unused");
        Assert.Equal("x", GrpcPreconditions.CheckNotNull("x"));
        Assert.Equal("x", GrpcPreconditions.CheckNotNull("x", "name"));
    }

    [Fact]
    public void A_condition_that_does_not_hold_throws()
    {
        Assert.Throws<ArgumentException>(() => GrpcPreconditions.CheckArgument(false));
        Assert.Equal("m", Assert.Throws<ArgumentException>(() => GrpcPreconditions.CheckArgument(false, "m")).Message);
        Assert.Throws<InvalidOperationException>(() => GrpcPreconditions.CheckState(false));
        Assert.Equal(
            "m", Assert.Throws<InvalidOperationException>(() => GrpcPreconditions.CheckState(false, "m")).Message);
        Assert.Throws<ArgumentNullException>(() => GrpcPreconditions.CheckNotNull((string?)null));
        Assert.Throws<ArgumentNullException>("name", () => GrpcPreconditions.CheckNotNull((string?)null, "name"));
    }
}
