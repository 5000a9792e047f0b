using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace Coordinator.Cli.Tests.Hosting;

/// <summary>Errors as the service sends them.</summary>
internal static class ServiceErrors
{
    public static RpcException Of(
        StatusCode code, string reason, string text, string remedy = "", params BadRequest.Types.FieldViolation[] fields)
    {
        var info = new ErrorInfo { Reason = reason, Domain = "coordinator" };
        if (remedy.Length > 0)
        {
            info.Metadata["remedy"] = remedy;
        }

        var status = new Google.Rpc.Status { Code = (int)code, Message = text };
        status.Details.Add(Any.Pack(info));
        if (fields.Length > 0)
        {
            status.Details.Add(Any.Pack(new BadRequest { FieldViolations = { fields } }));
        }

        return new RpcException(
            new Grpc.Core.Status(code, text), new Metadata { { "grpc-status-details-bin", status.ToByteArray() } });
    }

    public static RpcException NotFound(string name) => Of(
        StatusCode.NotFound,
        "MIGRATION_NOT_FOUND",
        $"There is no migration '{name}'.",
        "List them with 'coordinator status'.");

    public static BadRequest.Types.FieldViolation Field(string place, string code, string description) =>
        new() { Field = place, Reason = code, Description = description };
}
