using Coordinator.V1;
using Grpc.Net.Client;

namespace Coordinator.FleetBench.Load;

/// <summary>Instances whose streams share connections, evenly.</summary>
internal sealed class Fleet : IDisposable
{
    // So many open their streams at a time: a fleet does not start within a millisecond.
    private const int AtATime = 64;

    private readonly List<GrpcChannel> _channels;
    private readonly List<FleetMember> _members = [];
    private readonly string _application;

    public Fleet(string address, string application, int connections)
    {
        _application = application;
        _channels = [.. Enumerable.Range(0, connections).Select(_ => OpenChannel(address))];
    }

    public IReadOnlyList<FleetMember> Members => _members;

    /// <summary>A channel with one connection of its own.</summary>
    public static GrpcChannel OpenChannel(string address) => GrpcChannel.ForAddress(
        address,
        new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = false, PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan },
            DisposeHttpClient = true,
        });

    /// <summary>More instances, each with its stream open and its first heartbeat acknowledged.</summary>
    public async Task GrowAsync(int members)
    {
        var first = _members.Count;
        _members.AddRange(Enumerable.Range(first, members).Select(number => new FleetMember(
            new ApplicationService.ApplicationServiceClient(_channels[number % _channels.Count]), _application, $"pod-{number}")));
        var next = first;
        await Task.WhenAll(Enumerable.Range(0, AtATime).Select(async _ =>
        {
            while (Interlocked.Increment(ref next) - 1 is var number && number < _members.Count)
            {
                await _members[number].BeatAsync();
            }
        }));
    }

    public void Dispose()
    {
        _members.ForEach(member => member.Dispose());
        _channels.ForEach(channel => channel.Dispose());
    }
}
