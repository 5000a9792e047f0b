using Grpc.Core;

namespace Grpc.Api.Tests;

public sealed class StatusTests
{
    [Fact]
    public void A_status_shows_its_code_and_detail()
    {
        Assert.Equal(
            "Status(StatusCode=\"Cancelled\", Detail=\"stopped\")",
            new Status(StatusCode.Cancelled, "stopped").ToString());
    }

    [Fact]
    public void A_status_shows_the_exception_behind_it()
    {
        var status = new Status(StatusCode.Unavailable, "no server", new IOException("refused"));

        Assert.Equal(
            "Status(StatusCode=\"Unavailable\", Detail=\"no server\", "
                + "DebugException=\"System.IO.IOException: refused\")",
            status.ToString());
    }

    [Fact]
    public void The_ready_made_statuses_have_no_detail()
    {
        Assert.Equal(StatusCode.OK, Status.DefaultSuccess.StatusCode);
        Assert.Equal("", Status.DefaultSuccess.Detail);
        Assert.Equal(StatusCode.Cancelled, Status.DefaultCancelled.StatusCode);
        Assert.Equal("", Status.DefaultCancelled.Detail);
        Assert.Equal(StatusCode.OK, default(Status).StatusCode);
    }

    [Theory]
    [InlineData(StatusCode.OK, 0)]
    [InlineData(StatusCode.Cancelled, 1)]
    [InlineData(StatusCode.Unknown, 2)]
    [InlineData(StatusCode.InvalidArgument, 3)]
    [InlineData(StatusCode.DeadlineExceeded, 4)]
    [InlineData(StatusCode.NotFound, 5)]
    [InlineData(StatusCode.AlreadyExists, 6)]
    [InlineData(StatusCode.PermissionDenied, 7)]
    [InlineData(StatusCode.ResourceExhausted, 8)]
    [InlineData(StatusCode.FailedPrecondition, 9)]
    [InlineData(StatusCode.Aborted, 10)]
    [InlineData(StatusCode.OutOfRange, 11)]
    [InlineData(StatusCode.Unimplemented, 12)]
    [InlineData(StatusCode.Internal, 13)]
    [InlineData(StatusCode.Unavailable, 14)]
    [InlineData(StatusCode.DataLoss, 15)]
    [InlineData(StatusCode.Unauthenticated, 16)]
    public void Status_codes_have_the_numbers_of_the_protocol(StatusCode code, int number)
    {
        Assert.Equal(number, (int)code);
    }
}
