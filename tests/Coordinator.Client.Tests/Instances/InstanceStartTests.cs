using Coordinator.Client.Instances;
using Coordinator.Client.Tests.Hosting;
using Coordinator.Testing;
using Grpc.Core;
using Microsoft.Extensions.Options;

namespace Coordinator.Client.Tests.Instances;

public sealed class InstanceStartTests
{
    private readonly ManualTimeProvider _clock = new();
    private readonly FakeApplications _service = new();

    [Fact]
    public async Task A_refused_version_does_not_start_and_hears_why_and_what_to_do()
    {
        _service.OnBeat = _ => throw ServiceErrors.VersionRetired();
        await using var host = await GrpcHost.StartAsync(_service);
        using var client = Clients.For(host.Address);
        await using var session = Sessions.New(client, _clock);

        var exception = await Assert.ThrowsAsync<InstanceStartException>(() => session.StartAsync());

        Assert.Equal("VERSION_RETIRED", exception.Reason);
        Assert.Contains("shop-api on schema version 41", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Deploy 42 or newer.", exception.Message, StringComparison.Ordinal);
        Assert.Equal(InstanceState.Refused, session.Status.State);
        Assert.False(session.MayWrite);
        Assert.Empty(_service.Leaves);
        Assert.Single(_service.StreamBeats);
    }

    [Fact]
    public async Task It_does_not_start_when_nobody_answers_within_the_start_timeout()
    {
        using var client = Clients.For(GrpcHost.NobodysAddress());
        await using var session = Sessions.New(client, _clock, o => o.StartTimeout = TimeSpan.FromSeconds(10));

        var start = session.StartAsync();
        await Sessions.PumpAsync(start, _clock);

        var exception = await Assert.ThrowsAsync<InstanceStartException>(() => start);
        Assert.Equal(InstanceStartException.Unreachable, exception.Reason);
        Assert.Contains("StartWithoutWriting", exception.Message, StringComparison.Ordinal);
        Assert.False(session.MayWrite);
    }

    [Fact]
    public async Task It_can_be_told_to_start_without_the_right_to_write_and_gets_it_later()
    {
        var down = true;
        _service.OnBeat = _ => down
            ? throw new RpcException(new Status(StatusCode.Unavailable, "down"))
            : Task.CompletedTask;
        await using var host = await GrpcHost.StartAsync(_service);
        using var client = Clients.For(o => o.MaxAttempts = 1, host.Address);
        await using var session = Sessions.New(client, _clock, o =>
        {
            o.StartTimeout = TimeSpan.FromSeconds(2);
            o.StartWhenUnreachable = UnreachableStart.StartWithoutWriting;
        });

        var start = session.StartAsync();
        await Sessions.PumpAsync(start, _clock);
        await start;
        Assert.False(session.MayWrite);
        Assert.Equal(InstanceState.Unreachable, session.Status.State);

        down = false;
        await Sessions.EventuallyAsync(
            () =>
            {
                _clock.Advance(TimeSpan.FromSeconds(1));
                return session.MayWrite;
            },
            "the registration");
    }

    [Fact]
    public async Task A_start_that_is_given_up_says_good_bye_since_it_may_have_been_registered()
    {
        var never = new TaskCompletionSource();
        _service.OnBeat = _ => never.Task;
        await using var host = await GrpcHost.StartAsync(_service);
        using var client = Clients.For(host.Address);
        await using var session = Sessions.New(client, _clock);
        using var cancelled = new CancellationTokenSource();

        var start = session.StartAsync(cancelled.Token);
        await Sessions.EventuallyAsync(() => _service.StreamBeats.Count == 1, "the registration");
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start);
        Assert.Single(_service.Leaves);
    }

    [Fact]
    public async Task A_session_starts_once()
    {
        await using var host = await GrpcHost.StartAsync(_service);
        using var client = Clients.For(host.Address);
        await using var session = Sessions.New(client, _clock);
        await session.StartAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => session.StartAsync());
    }

    [Fact]
    public void All_that_is_wrong_with_the_options_is_told_at_once()
    {
        using var client = Clients.For("http://127.0.0.1:1");

        var exception = Assert.Throws<OptionsValidationException>(() => Sessions.New(client, _clock, o =>
        {
            o.Application = "";
            o.SchemaVersion = 0;
            o.Instance = "";
            o.LeaveTimeout = TimeSpan.Zero;
        }));

        Assert.Equal(4, exception.Failures.Count());
    }

    [Fact]
    public void The_default_id_is_another_one_for_each_process_start()
    {
        var first = new CoordinatorInstanceOptions().Instance;
        var second = new CoordinatorInstanceOptions().Instance;

        Assert.NotEqual(first, second);
        Assert.Matches($"^[!-~]+-{Environment.ProcessId}-[0-9a-f]{{8}}$", first);
    }
}
