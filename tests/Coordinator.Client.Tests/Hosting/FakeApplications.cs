using System.Collections.Concurrent;
using Coordinator.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Coordinator.Client.Tests.Hosting;

/// <summary>An ApplicationService whose answers a test chooses, and which remembers what it was sent.</summary>
internal sealed class FakeApplications : ApplicationService.ApplicationServiceBase
{
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    public ConcurrentQueue<InstanceReport> StreamBeats { get; } = [];

    public ConcurrentQueue<InstanceReport> UnaryBeats { get; } = [];

    public ConcurrentQueue<LeaveRequest> Leaves { get; } = [];

    /// <summary>Called for each heartbeat before it is acknowledged; may wait, or throw a refusal.</summary>
    public Func<InstanceReport, Task> OnBeat { get; set; } = _ => Task.CompletedTask;

    public Func<Task> OnLeave { get; set; } = () => Task.CompletedTask;

    /// <summary>Whether Session is there; false answers as a proxy without streams does.</summary>
    public bool Streams { get; set; } = true;

    /// <summary>Ends the open streams after the next acknowledgement.</summary>
    public bool EndsStreams { get; set; }

    private readonly ConcurrentDictionary<IServerStreamWriter<SessionResponse>, bool> _open = [];

    /// <summary>How many streams are open now that take hints.</summary>
    public int OpenStreams => _open.Count;

    /// <summary>Says something on every open stream that answers no heartbeat.</summary>
    public async Task HintAsync(SessionResponse hint)
    {
        foreach (var stream in _open.Keys)
        {
            await stream.WriteAsync(hint);
        }
    }

    public override async Task Session(
        IAsyncStreamReader<SessionRequest> requestStream,
        IServerStreamWriter<SessionResponse> responseStream,
        ServerCallContext context)
    {
        if (!Streams)
        {
            throw new RpcException(new Status(StatusCode.Unimplemented, "no streams here"));
        }

        using var closing = context.CancellationToken.Register(() => _open.TryRemove(responseStream, out _));
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
        {
            _open[responseStream] = request.TakesHints;
            StreamBeats.Enqueue(request.Report);
            await OnBeat(request.Report).WaitAsync(context.CancellationToken);
            await responseStream.WriteAsync(new SessionResponse
            {
                LeaseDuration = Lease.ToDuration(),
                HeartbeatInterval = Interval.ToDuration(),
            });
            if (EndsStreams)
            {
                return;
            }
        }
    }

    public override async Task<HeartbeatResponse> Heartbeat(HeartbeatRequest request, ServerCallContext context)
    {
        UnaryBeats.Enqueue(request.Report);
        await OnBeat(request.Report).WaitAsync(context.CancellationToken);
        return new HeartbeatResponse { LeaseDuration = Lease.ToDuration(), HeartbeatInterval = Interval.ToDuration() };
    }

    public override async Task<LeaveResponse> Leave(LeaveRequest request, ServerCallContext context)
    {
        await OnLeave();
        Leaves.Enqueue(request);
        return new LeaveResponse();
    }
}
