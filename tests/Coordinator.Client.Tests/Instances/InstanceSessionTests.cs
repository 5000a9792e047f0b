using Coordinator.Client.Instances;
using Coordinator.Client.Tests.Hosting;
using Coordinator.Testing;
using Grpc.Core;

namespace Coordinator.Client.Tests.Instances;

public sealed class InstanceSessionTests
{
    private readonly ManualTimeProvider _clock = new();
    private readonly FakeApplications _service = new();

    [Fact]
    public async Task A_started_session_is_registered_and_may_write()
    {
        await using var host = await GrpcHost.StartAsync(_service);
        using var client = Clients.For(host.Address);
        await using var session = Sessions.New(client, _clock);
        Assert.False(session.MayWrite);

        await session.StartAsync();

        Assert.True(session.MayWrite);
        Assert.Equal(new InstanceStatus(InstanceState.Registered), session.Status);
        var report = Assert.Single(_service.StreamBeats);
        Assert.Equal(("shop-api", "i1", 41L, "1.0"),
            (report.Application, report.Instance, report.SchemaVersion, report.AppVersion));
    }

    [Fact]
    public async Task Heartbeats_keep_the_lease_running()
    {
        await using var host = await GrpcHost.StartAsync(_service);
        using var client = Clients.For(host.Address);
        await using var session = Sessions.New(client, _clock);
        await session.StartAsync();
        var lost = session.LeaseLost;

        for (var beats = 2; beats <= 6; beats++)
        {
            await Sessions.IdleAsync(_clock, FakeApplications.Interval);
            _clock.Advance(FakeApplications.Interval);
            await Sessions.EventuallyAsync(() => _service.StreamBeats.Count == beats, "the next heartbeat");
        }

        Assert.True(session.MayWrite);
        Assert.False(lost.IsCancellationRequested);
        Assert.Empty(_service.UnaryBeats);
    }

    [Fact]
    public async Task Disposing_says_good_bye_once_and_ends_the_right_to_write()
    {
        await using var host = await GrpcHost.StartAsync(_service);
        using var client = Clients.For(host.Address);
        var session = Sessions.New(client, _clock);
        await session.StartAsync();
        var lost = session.LeaseLost;

        await session.LeaveAsync();
        await session.DisposeAsync();

        Assert.Equal("i1", Assert.Single(_service.Leaves).Instance);
        Assert.False(session.MayWrite);
        Assert.True(lost.IsCancellationRequested);
        Assert.Equal(InstanceState.Left, session.Status.State);
    }

    [Fact]
    public async Task A_good_bye_is_said_until_it_is_heard()
    {
        var unheard = 3;
        _service.OnLeave = () => unheard-- > 0
            ? throw new RpcException(new Status(StatusCode.Unavailable, "coming back"))
            : Task.CompletedTask;
        await using var host = await GrpcHost.StartAsync(_service);
        using var client = Clients.For(o => o.MaxAttempts = 1, host.Address);
        var session = Sessions.New(client, _clock, o => o.LeaveTimeout = Eventually.DefaultBound);
        await session.StartAsync();

        await session.DisposeAsync();

        Assert.Equal(-1, unheard);
    }

    [Fact]
    public async Task A_good_bye_that_is_refused_is_not_repeated()
    {
        var said = 0;
        _service.OnLeave = () =>
        {
            said++;
            throw new RpcException(new Status(StatusCode.PermissionDenied, "not yours"));
        };
        await using var host = await GrpcHost.StartAsync(_service);
        using var client = Clients.For(host.Address);
        var session = Sessions.New(client, _clock, o => o.LeaveTimeout = Eventually.DefaultBound);
        await session.StartAsync();

        await session.DisposeAsync();

        Assert.Equal(1, said);
    }

    [Fact]
    public async Task A_good_bye_that_is_not_answered_does_not_hold_up_the_end()
    {
        var never = new TaskCompletionSource();
        _service.OnLeave = () => never.Task;
        await using var host = await GrpcHost.StartAsync(_service);
        using var client = Clients.For(host.Address);
        var session = Sessions.New(client, _clock, o => o.LeaveTimeout = TimeSpan.FromMilliseconds(200));
        await session.StartAsync();

        await session.DisposeAsync().AsTask().WaitAsync(Eventually.DefaultBound);
        never.SetResult();

        Assert.False(session.MayWrite);
    }

    [Fact]
    public async Task The_lease_ends_by_itself_counted_from_when_the_last_acknowledged_heartbeat_was_sent()
    {
        var first = true;
        _service.OnBeat = _ =>
        {
            if (!first)
            {
                throw new RpcException(new Status(StatusCode.Unavailable, "down"));
            }

            first = false;
            // The acknowledgement takes two seconds; they are not added to the lease.
            _clock.Advance(TimeSpan.FromSeconds(2));
            return Task.CompletedTask;
        };
        await using var host = await GrpcHost.StartAsync(_service);
        using var client = Clients.For(host.Address);
        await using var session = Sessions.New(client, _clock);
        await session.StartAsync();
        var lost = session.LeaseLost;

        _clock.Advance(TimeSpan.FromSeconds(13) - TimeSpan.FromTicks(1));
        Assert.True(session.MayWrite);
        _clock.Advance(TimeSpan.FromTicks(1));

        Assert.False(session.MayWrite);
        Assert.True(lost.IsCancellationRequested);
        await Sessions.EventuallyAsync(
            () => session.Status is { State: InstanceState.Unreachable, Reason: "UNAVAILABLE" }, "the reason");
    }

    [Fact]
    public async Task A_process_that_was_paused_may_not_write_until_it_is_acknowledged_again()
    {
        await using var host = await GrpcHost.StartAsync(_service);
        using var client = Clients.For(host.Address);
        await using var session = Sessions.New(client, _clock);
        await session.StartAsync();
        var lost = session.LeaseLost;

        _clock.Jump(TimeSpan.FromSeconds(20));
        Assert.False(session.MayWrite);
        _clock.Advance(TimeSpan.Zero);

        await Sessions.EventuallyAsync(() => session.MayWrite, "a new lease");
        Assert.True(lost.IsCancellationRequested);
        Assert.False(session.LeaseLost.IsCancellationRequested);
    }

    [Fact]
    public async Task A_version_that_is_retired_while_it_runs_may_not_write_any_more_and_comes_back_when_that_ends()
    {
        var retired = false;
        _service.OnBeat = _ => retired ? throw ServiceErrors.VersionRetired() : Task.CompletedTask;
        await using var host = await GrpcHost.StartAsync(_service);
        using var client = Clients.For(host.Address);
        await using var session = Sessions.New(client, _clock);
        await session.StartAsync();
        var lost = session.LeaseLost;

        retired = true;
        _clock.Advance(FakeApplications.Interval);
        await Sessions.EventuallyAsync(() => session.Status.State == InstanceState.Refused, "the refusal");
        Assert.False(session.MayWrite);
        Assert.True(lost.IsCancellationRequested);
        Assert.Equal("VERSION_RETIRED", session.Status.Reason);

        retired = false;
        await Sessions.IdleAsync(_clock, FakeApplications.Interval);
        _clock.Advance(FakeApplications.Interval);
        await Sessions.EventuallyAsync(() => session.MayWrite, "a new lease");
    }
}
