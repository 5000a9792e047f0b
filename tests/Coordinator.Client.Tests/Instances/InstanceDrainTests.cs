using Coordinator.Client.Tests.Hosting;
using Coordinator.Testing;
using Coordinator.V1;
using Google.Protobuf.WellKnownTypes;

namespace Coordinator.Client.Tests.Instances;

/// <summary>A replica that is about to stop asks for its streams to be moved, and a service may change the interval at any time.</summary>
public sealed class InstanceDrainTests
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(2);

    private readonly ManualTimeProvider _clock = new();
    private readonly FakeApplications _first = new();
    private readonly FakeApplications _second = new();

    [Fact]
    public async Task It_opens_its_stream_to_another_replica_before_it_leaves_the_one_that_stops()
    {
        var openAtFirst = 0;
        _second.OnBeat = _ =>
        {
            openAtFirst = _first.OpenStreams;
            return Task.CompletedTask;
        };
        await using var one = await GrpcHost.StartAsync(_first);
        await using var two = await GrpcHost.StartAsync(_second);
        using var client = Clients.For(one.Address, two.Address);
        await using var session = Sessions.New(client, _clock);
        await session.StartAsync();
        var lost = session.LeaseLost;

        await _first.HintAsync(Drain(Within));
        await Sessions.IdleAsync(_clock, Within);
        Assert.Empty(_second.StreamBeats);
        _clock.Advance(Within);

        await Sessions.EventuallyAsync(() => _second.StreamBeats.Count == 1, "a stream to the other replica");
        await Sessions.EventuallyAsync(() => _first.OpenStreams == 0, "the end of the old stream");
        await Sessions.IdleAsync(_clock, FakeApplications.Interval);
        Assert.Equal(1, openAtFirst);
        Assert.Single(_first.StreamBeats);
        Assert.Empty(_first.UnaryBeats.Concat(_second.UnaryBeats));
        Assert.Empty(_first.Leaves.Concat(_second.Leaves));
        Assert.True(session.MayWrite);
        Assert.False(lost.IsCancellationRequested);
    }

    [Fact]
    public async Task Until_it_moves_its_heartbeats_go_over_the_old_stream()
    {
        await using var one = await GrpcHost.StartAsync(_first);
        await using var two = await GrpcHost.StartAsync(_second);
        using var client = Clients.For(one.Address, two.Address);
        await using var session = Sessions.New(client, _clock);
        await session.StartAsync();
        // With a new interval, which shows that the hint has been read.
        var sooner = TimeSpan.FromSeconds(4);
        await _first.HintAsync(new SessionResponse
        {
            Drain = Drain(sooner + Within).Drain,
            HeartbeatInterval = sooner.ToDuration(),
        });
        await Sessions.IdleAsync(_clock, sooner);
        _clock.Advance(sooner);
        await Sessions.EventuallyAsync(() => _first.StreamBeats.Count == 2, "the heartbeat that was due");
        await Sessions.IdleAsync(_clock, Within);

        _clock.Advance(Within);

        await Sessions.EventuallyAsync(() => _second.StreamBeats.Count == 1, "a stream to the other replica");
    }

    [Fact]
    public async Task When_no_other_replica_answers_it_stays_for_as_long_as_it_is_served()
    {
        await using var one = await GrpcHost.StartAsync(_first);
        using var client = Clients.For(one.Address, GrpcHost.NobodysAddress());
        await using var session = Sessions.New(client, _clock);
        await session.StartAsync();

        await _first.HintAsync(Drain(Within));
        await Sessions.IdleAsync(_clock, Within);
        _clock.Advance(Within);

        await Sessions.EventuallyAsync(() => _first.StreamBeats.Count == 2, "a heartbeat on the old stream");
        await Sessions.IdleAsync(_clock, FakeApplications.Interval);
        Assert.Equal(1, _first.OpenStreams);
        Assert.True(session.MayWrite);
    }

    [Fact]
    public async Task With_one_address_it_leaves_and_comes_back_with_the_heartbeat_that_is_due()
    {
        await using var one = await GrpcHost.StartAsync(_first);
        using var client = Clients.For(one.Address);
        await using var session = Sessions.New(client, _clock);
        await session.StartAsync();

        await _first.HintAsync(Drain(Within));
        await Sessions.IdleAsync(_clock, Within);
        _clock.Advance(Within);
        await Sessions.EventuallyAsync(() => _first.OpenStreams == 0, "the end of the stream");
        Assert.Single(_first.StreamBeats);
        await Sessions.IdleAsync(_clock, FakeApplications.Interval - Within);
        _clock.Advance(FakeApplications.Interval - Within);

        await Sessions.EventuallyAsync(() => _first.StreamBeats.Count == 2, "the next heartbeat on a new stream");
        Assert.Empty(_first.UnaryBeats);
        Assert.True(session.MayWrite);
    }

    [Theory]
    [InlineData(0.25)]
    [InlineData(0.75)]
    public async Task Each_instance_moves_at_a_moment_of_its_own(double jitter)
    {
        await using var one = await GrpcHost.StartAsync(_first);
        using var client = Clients.For(one.Address);
        await using var session = new Client.Instances.InstanceSession(client, Sessions.Options(), _clock) { Jitter = () => jitter };
        await session.StartAsync();

        await _first.HintAsync(Drain(Within));

        await Sessions.IdleAsync(_clock, Within * jitter);
    }

    [Fact]
    public async Task A_new_interval_holds_for_the_heartbeat_that_is_due_next()
    {
        await using var one = await GrpcHost.StartAsync(_first);
        using var client = Clients.For(one.Address);
        await using var session = Sessions.New(client, _clock);
        await session.StartAsync();
        await Sessions.IdleAsync(_clock, FakeApplications.Interval);
        _clock.Advance(TimeSpan.FromSeconds(1));

        await _first.HintAsync(Interval(TimeSpan.FromSeconds(3)));

        await Sessions.IdleAsync(_clock, TimeSpan.FromSeconds(2));
        _clock.Advance(TimeSpan.FromSeconds(2));
        await Sessions.EventuallyAsync(() => _first.StreamBeats.Count == 2, "the heartbeat");
    }

    [Fact]
    public async Task Whatever_interval_is_asked_for_the_lease_is_renewed_in_time()
    {
        await using var one = await GrpcHost.StartAsync(_first);
        using var client = Clients.For(one.Address);
        await using var session = Sessions.New(client, _clock);
        await session.StartAsync();
        var lost = session.LeaseLost;
        await _first.HintAsync(Interval(TimeSpan.FromSeconds(3)));
        await Sessions.IdleAsync(_clock, TimeSpan.FromSeconds(3));

        await _first.HintAsync(Interval(TimeSpan.FromHours(1)));

        await Sessions.IdleAsync(_clock, FakeApplications.Lease / 3);
        _clock.Advance(FakeApplications.Lease / 3);
        await Sessions.EventuallyAsync(() => _first.StreamBeats.Count == 2, "the heartbeat");
        Assert.True(session.MayWrite);
        Assert.False(lost.IsCancellationRequested);
    }

    private static SessionResponse Drain(TimeSpan within) => new() { Drain = new SessionDrain { Within = within.ToDuration() } };

    private static SessionResponse Interval(TimeSpan interval) => new() { HeartbeatInterval = interval.ToDuration() };
}
