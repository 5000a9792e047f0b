using Coordinator.FleetBench.Servers;
using Grpc.Core;

namespace Coordinator.FleetBench.Load;

/// <summary>Clients of one server for unary calls, over a few connections; made when they are first asked for.</summary>
internal sealed class UnaryClients<TClient>(Func<ChannelBase, TClient> create)
{
    private const int Connections = 8;

    private readonly Dictionary<BenchServer, TClient[]> _clients = [];

    /// <summary>The client that the given caller uses.</summary>
    public TClient Of(BenchServer server, int caller)
    {
        lock (_clients)
        {
            if (!_clients.TryGetValue(server, out var clients))
            {
                clients = [.. Enumerable.Range(0, Connections).Select(_ => create(Fleet.OpenChannel(server.Address)))];
                _clients.Add(server, clients);
            }

            return clients[caller % clients.Length];
        }
    }
}
