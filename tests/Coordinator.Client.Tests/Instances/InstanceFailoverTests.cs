using Coordinator.Client.Tests.Hosting;
using Coordinator.Testing;

namespace Coordinator.Client.Tests.Instances;

public sealed class InstanceFailoverTests
{
    private readonly ManualTimeProvider _clock = new();
    private readonly FakeApplications _first = new();
    private readonly FakeApplications _second = new();

    [Fact]
    public async Task A_replica_that_dies_is_replaced_at_once_and_the_lease_never_lapses()
    {
        await using var one = await GrpcHost.StartAsync(_first);
        await using var two = await GrpcHost.StartAsync(_second);
        using var client = Clients.For(one.Address, two.Address);
        await using var session = Sessions.New(client, _clock);
        await session.StartAsync();
        var lost = session.LeaseLost;

        // The clock stands still: the other replica hears of the instance before any of its lease has passed.
        await one.KillAsync();
        await Sessions.EventuallyAsync(() => _second.UnaryBeats.Count + _second.StreamBeats.Count > 0, "a heartbeat");

        await Sessions.IdleAsync(_clock, FakeApplications.Interval);
        _clock.Advance(FakeApplications.Interval);
        await Sessions.EventuallyAsync(() => !_second.StreamBeats.IsEmpty, "a stream to the other replica");
        Assert.True(session.MayWrite);
        Assert.False(lost.IsCancellationRequested);
        Assert.Equal("i1", _second.StreamBeats.First().Instance);
    }

    [Fact]
    public async Task A_replica_that_does_not_answer_is_left_after_the_heartbeat_timeout()
    {
        var never = new TaskCompletionSource();
        _first.OnBeat = _ => never.Task;
        await using var one = await GrpcHost.StartAsync(_first);
        await using var two = await GrpcHost.StartAsync(_second);
        using var client = Clients.For(one.Address, two.Address);
        await using var session = Sessions.New(client, _clock);

        var start = session.StartAsync();
        await Sessions.EventuallyAsync(() => _first.StreamBeats.Count == 1, "the first attempt");
        Assert.False(start.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(3));
        await start;

        Assert.True(session.MayWrite);
        Assert.Empty(_first.UnaryBeats);
        Assert.Single(_second.UnaryBeats);
    }

    [Fact]
    public async Task A_service_that_has_too_much_to_do_is_left_alone_for_as_long_as_it_asks()
    {
        _first.OnBeat = _ => throw ServiceErrors.Of(
            Grpc.Core.StatusCode.ResourceExhausted,
            "REGISTRATIONS_TOO_FAST",
            "too many",
            new Google.Rpc.RetryInfo { RetryDelay = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(TimeSpan.FromSeconds(3)) });
        await using var one = await GrpcHost.StartAsync(_first);
        using var client = Clients.For(one.Address);
        await using var session = Sessions.New(client, _clock);

        var start = session.StartAsync();
        await Sessions.IdleAsync(_clock, TimeSpan.FromSeconds(6));
        _first.OnBeat = _ => Task.CompletedTask;
        _clock.Advance(TimeSpan.FromSeconds(6));

        await start;
        Assert.True(session.MayWrite);
    }

    [Fact]
    public async Task Where_there_are_no_streams_single_heartbeats_do()
    {
        _first.Streams = false;
        await using var one = await GrpcHost.StartAsync(_first);
        using var client = Clients.For(one.Address);
        await using var session = Sessions.New(client, _clock);

        await session.StartAsync();

        Assert.True(session.MayWrite);
        Assert.Single(_first.UnaryBeats);
    }

    [Fact]
    public async Task Streams_that_end_after_every_heartbeat_are_given_up()
    {
        _first.EndsStreams = true;
        await using var one = await GrpcHost.StartAsync(_first);
        using var client = Clients.For(one.Address);
        await using var session = Sessions.New(client, _clock);
        await session.StartAsync();

        await Sessions.EventuallyAsync(() => _first.UnaryBeats.Count == 1, "a heartbeat without a stream");
        await Sessions.IdleAsync(_clock, FakeApplications.Interval);

        Assert.Equal(3, _first.StreamBeats.Count);
    }
}
