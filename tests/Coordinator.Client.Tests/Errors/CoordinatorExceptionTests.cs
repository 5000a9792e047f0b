using Coordinator.Client.Tests.Hosting;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace Coordinator.Client.Tests.Errors;

public sealed class CoordinatorExceptionTests
{
    [Fact]
    public void All_details_are_read()
    {
        var exception = CoordinatorException.From(ServiceErrors.Of(
            StatusCode.FailedPrecondition,
            "",
            "The gate waits.",
            new ErrorInfo
            {
                Reason = "GATE_BLOCKED",
                Metadata = { ["migration"] = "a", ["remedy"] = "Stop shop-api/7f." },
            },
            new PreconditionFailure
            {
                Violations =
                {
                    new PreconditionFailure.Types.Violation
                    {
                        Type = "INSTANCE_ALIVE", Subject = "shop-api/7f", Description = "runs version 41",
                    },
                },
            },
            new RetryInfo { RetryDelay = Duration.FromTimeSpan(TimeSpan.FromSeconds(7)) }));

        Assert.Equal("GATE_BLOCKED", exception.Reason);
        Assert.Equal("The gate waits. Stop shop-api/7f.", exception.Message);
        Assert.Equal("Stop shop-api/7f.", exception.Remedy);
        Assert.Equal("a", exception.Metadata["migration"]);
        Assert.Equal(new CoordinatorViolation("INSTANCE_ALIVE", "shop-api/7f", "runs version 41"), exception.Blockers.Single());
        Assert.Equal(TimeSpan.FromSeconds(7), exception.RetryAfter);
        Assert.Equal(StatusCode.FailedPrecondition, exception.StatusCode);
        Assert.Empty(exception.FieldViolations);
    }

    [Fact]
    public void Violations_of_fields_are_read()
    {
        var violation = new BadRequest.Types.FieldViolation
        {
            Field = "spec.operations[0]",
            Description = "no such table",
            Reason = "TABLE_NOT_FOUND",
        };
        var exception = CoordinatorException.From(ServiceErrors.Of(
            StatusCode.InvalidArgument, "SPEC_INVALID", "x", new BadRequest { FieldViolations = { violation } }));

        Assert.Equal(
            new CoordinatorViolation("TABLE_NOT_FOUND", "spec.operations[0]", "no such table"),
            exception.FieldViolations.Single());
    }

    [Fact]
    public void Details_that_cannot_be_read_do_not_hide_the_error()
    {
        var trailers = new Metadata { { "grpc-status-details-bin", [0xff, 0xff, 0xff] } };
        var exception = CoordinatorException.From(
            new RpcException(new Grpc.Core.Status(StatusCode.ResourceExhausted, "slow down"), trailers));

        Assert.Equal("RESOURCE_EXHAUSTED", exception.Reason);
        Assert.Equal("slow down", exception.Message);
        Assert.Null(exception.RetryAfter);
    }

    [Fact]
    public void An_exception_is_converted_once()
    {
        var exception = CoordinatorException.From(ServiceErrors.VersionRetired());

        Assert.Same(exception, CoordinatorException.From(exception));
    }
}
