using Grpc.Core;
using Grpc.Net.Client;

namespace Coordinator.Client.Transport;

/// <summary>One address of Coordinator and the channel to it.</summary>
internal sealed class Endpoint(string address, int position, GrpcChannel channel) : IDisposable
{
    public string Address { get; } = address;

    /// <summary>Its place in the list of addresses.</summary>
    public int Position { get; } = position;

    public CallInvoker Invoker { get; } = channel.CreateCallInvoker();

    public void Dispose() => channel.Dispose();
}
