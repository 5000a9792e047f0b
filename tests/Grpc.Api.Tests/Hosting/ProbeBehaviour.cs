using Grpc.Core;

namespace Grpc.Api.Tests.Hosting;

/// <summary>What the service does. A test replaces the method that it is about; the defaults echo.</summary>
internal sealed class ProbeBehaviour
{
    public UnaryServerMethod<ProbeRequest, ProbeReply> Unary { get; init; } =
        (request, _) => Task.FromResult(new ProbeReply { Text = request.Text });

    public ClientStreamingServerMethod<ProbeRequest, ProbeReply> ClientStream { get; init; } =
        async (requests, context) =>
        {
            var texts = await requests.ReadAllAsync(context.CancellationToken).Select(r => r.Text).ToListAsync();
            return new ProbeReply { Text = string.Join(',', texts) };
        };

    public ServerStreamingServerMethod<ProbeRequest, ProbeReply> ServerStream { get; init; } =
        async (request, responses, context) =>
        {
            for (var i = 0; i < request.Count; i++)
            {
                await responses.WriteAsync(new ProbeReply { Text = $"{request.Text}{i}" }, context.CancellationToken);
            }
        };

    public DuplexStreamingServerMethod<ProbeRequest, ProbeReply> Duplex { get; init; } =
        async (requests, responses, context) =>
        {
            await foreach (var request in requests.ReadAllAsync(context.CancellationToken))
            {
                await responses.WriteAsync(new ProbeReply { Text = request.Text });
            }
        };
}
