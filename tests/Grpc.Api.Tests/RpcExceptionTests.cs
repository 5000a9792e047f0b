using Grpc.Core;

namespace Grpc.Api.Tests;

public sealed class RpcExceptionTests
{
    private static readonly Status NotFound = new(StatusCode.NotFound, "gone");

    [Fact]
    public void The_message_is_the_status_unless_it_is_given()
    {
        Assert.Equal("Status(StatusCode=\"NotFound\", Detail=\"gone\")", new RpcException(NotFound).Message);
        Assert.Equal("Status(StatusCode=\"NotFound\", Detail=\"gone\")", new RpcException(NotFound, []).Message);
        Assert.Equal("mine", new RpcException(NotFound, "mine").Message);
        Assert.Equal("mine", new RpcException(NotFound, [], "mine").Message);
    }

    [Fact]
    public void Code_status_and_trailers_are_those_of_the_call()
    {
        var trailers = new Metadata { { "a", "b" } };
        var exception = new RpcException(NotFound, trailers);

        Assert.Equal(StatusCode.NotFound, exception.StatusCode);
        Assert.Equal("gone", exception.Status.Detail);
        Assert.Same(trailers, exception.Trailers);
    }

    [Fact]
    public void Without_trailers_they_are_empty_and_null_is_refused()
    {
        Assert.Same(Metadata.Empty, new RpcException(NotFound).Trailers);
        Assert.Same(Metadata.Empty, new RpcException(NotFound, "mine").Trailers);
        Assert.Throws<ArgumentNullException>(() => new RpcException(NotFound, (Metadata)null!));
    }

    [Fact]
    public void The_exception_behind_the_status_is_the_inner_exception()
    {
        var cause = new IOException("refused");

        Assert.Same(cause, new RpcException(new Status(StatusCode.Unavailable, "", cause)).InnerException);
        Assert.Null(new RpcException(NotFound).InnerException);
    }
}
