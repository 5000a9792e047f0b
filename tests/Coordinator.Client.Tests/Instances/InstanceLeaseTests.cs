using Coordinator.Client.Instances;
using Coordinator.Testing;

namespace Coordinator.Client.Tests.Instances;

public sealed class InstanceLeaseTests
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(15);

    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public void There_is_no_lease_before_the_first_acknowledgement()
    {
        using var lease = new InstanceLease(_clock);

        Assert.False(lease.IsRunning);
        Assert.True(lease.Lost.IsCancellationRequested);
    }

    [Fact]
    public void It_is_counted_from_when_the_heartbeat_was_sent()
    {
        using var lease = new InstanceLease(_clock);
        var sentAt = _clock.GetTimestamp();
        _clock.Advance(TimeSpan.FromSeconds(4));
        lease.Renew(sentAt, Duration);
        var lost = lease.Lost;

        _clock.Advance(TimeSpan.FromSeconds(11) - TimeSpan.FromTicks(1));
        Assert.True(lease.IsRunning);
        Assert.False(lost.IsCancellationRequested);

        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.False(lease.IsRunning);
        Assert.True(lost.IsCancellationRequested);
    }

    [Fact]
    public void An_acknowledgement_that_comes_after_its_own_deadline_gives_no_lease()
    {
        using var lease = new InstanceLease(_clock);
        var sentAt = _clock.GetTimestamp();
        _clock.Advance(Duration);

        lease.Renew(sentAt, Duration);

        Assert.False(lease.IsRunning);
    }

    [Fact]
    public void An_older_acknowledgement_does_not_shorten_it()
    {
        using var lease = new InstanceLease(_clock);
        var first = _clock.GetTimestamp();
        _clock.Advance(TimeSpan.FromSeconds(5));
        lease.Renew(_clock.GetTimestamp(), Duration);
        lease.Renew(first, Duration);

        _clock.Advance(TimeSpan.FromSeconds(12));

        Assert.True(lease.IsRunning);
    }

    [Fact]
    public void A_renewal_keeps_the_token()
    {
        using var lease = new InstanceLease(_clock);
        lease.Renew(_clock.GetTimestamp(), Duration);
        var token = lease.Lost;
        _clock.Advance(TimeSpan.FromSeconds(10));
        lease.Renew(_clock.GetTimestamp(), Duration);
        _clock.Advance(TimeSpan.FromSeconds(14));

        Assert.Equal(token, lease.Lost);
        Assert.False(token.IsCancellationRequested);
    }

    [Fact]
    public void After_a_pause_it_is_over_before_any_timer_has_fired()
    {
        using var lease = new InstanceLease(_clock);
        lease.Renew(_clock.GetTimestamp(), Duration);
        var token = lease.Lost;

        _clock.Jump(TimeSpan.FromSeconds(20));
        Assert.False(lease.IsRunning);

        // A heartbeat comes through before the late timer: whoever holds the old token hears of the gap all the same.
        lease.Renew(_clock.GetTimestamp(), Duration);
        Assert.True(lease.IsRunning);
        Assert.True(token.IsCancellationRequested);
        Assert.False(lease.Lost.IsCancellationRequested);

        _clock.Advance(TimeSpan.Zero);
        Assert.True(lease.IsRunning);
    }

    [Fact]
    public void Ending_it_cancels_the_token_and_is_final_until_a_new_acknowledgement()
    {
        using var lease = new InstanceLease(_clock);
        lease.Renew(_clock.GetTimestamp(), Duration);
        var token = lease.Lost;

        lease.End();

        Assert.False(lease.IsRunning);
        Assert.True(token.IsCancellationRequested);
    }
}
