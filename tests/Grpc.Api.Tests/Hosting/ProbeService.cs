using Grpc.Core;

namespace Grpc.Api.Tests.Hosting;

internal sealed class ProbeService(ProbeBehaviour behaviour) : Probe.ProbeBase
{
    public override Task<ProbeReply> Unary(ProbeRequest request, ServerCallContext context) =>
        behaviour.Unary(request, context);

    public override Task<ProbeReply> ClientStream(
        IAsyncStreamReader<ProbeRequest> requestStream, ServerCallContext context) =>
        behaviour.ClientStream(requestStream, context);

    public override Task ServerStream(
        ProbeRequest request, IServerStreamWriter<ProbeReply> responseStream, ServerCallContext context) =>
        behaviour.ServerStream(request, responseStream, context);

    public override Task Duplex(
        IAsyncStreamReader<ProbeRequest> requestStream,
        IServerStreamWriter<ProbeReply> responseStream,
        ServerCallContext context) =>
        behaviour.Duplex(requestStream, responseStream, context);
}
