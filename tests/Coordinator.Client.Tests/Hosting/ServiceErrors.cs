using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace Coordinator.Client.Tests.Hosting;

/// <summary>Errors as the service sends them.</summary>
internal static class ServiceErrors
{
    public static RpcException Of(StatusCode code, string reason, string text, params IMessage[] details)
    {
        var info = details.OfType<ErrorInfo>().FirstOrDefault() ?? new ErrorInfo { Reason = reason, Domain = "coordinator" };
        var status = new Google.Rpc.Status { Code = (int)code, Message = text };
        status.Details.Add(Any.Pack(info));
        status.Details.AddRange(details.Where(d => d is not ErrorInfo).Select(Any.Pack));
        return new RpcException(
            new Grpc.Core.Status(code, text),
            new Metadata { { "grpc-status-details-bin", status.ToByteArray() } });
    }

    public static RpcException VersionRetired() => Of(
        StatusCode.FailedPrecondition, "VERSION_RETIRED", "Version 41 of shop-api is retired. Deploy 42 or newer.");
}
