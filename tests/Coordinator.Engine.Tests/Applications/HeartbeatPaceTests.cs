using Coordinator.Engine.Applications;
using Coordinator.Testing;

namespace Coordinator.Engine.Tests.Applications;

public sealed class HeartbeatPaceTests
{
    private static readonly TimeSpan Configured = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(401);
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(10);

    private readonly ManualTimeProvider _clock = new();
    private readonly List<TimeSpan> _told = [];
    private readonly HeartbeatPace _pace;

    public HeartbeatPaceTests()
    {
        _pace = new HeartbeatPace(
            new EngineOptions { HeartbeatInterval = Configured, InstanceLease = TimeSpan.FromSeconds(24) }, _clock);
        _pace.Changed += _told.Add;
    }

    [Fact]
    public void While_renewals_take_long_it_grows_to_a_third_of_the_lease_and_no_further()
    {
        for (var round = 0; round < 5; round++)
        {
            Round(Quick, Slow, Quick);
        }

        Assert.Equal([TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(8)], _told);
        Assert.Equal(TimeSpan.FromSeconds(8), _pace.Interval);
    }

    [Fact]
    public void When_they_are_quick_again_it_comes_back_to_what_is_configured_and_no_further()
    {
        Round(Slow);
        Round(Slow);
        _told.Clear();

        for (var round = 0; round < 5; round++)
        {
            Round(Quick);
        }

        Assert.Equal([TimeSpan.FromSeconds(8) / 1.5, Configured], _told);
    }

    [Fact]
    public void In_between_it_stays()
    {
        Round(Slow);
        _told.Clear();

        Round(Slow * 0.75);

        Assert.Empty(_told);
    }

    [Fact]
    public void It_changes_once_in_an_interval()
    {
        Round(Slow);

        _pace.Took(Slow);
        _pace.Took(Slow);

        Assert.Single(_told);
    }

    [Fact]
    public void Where_the_lease_leaves_no_room_it_never_changes()
    {
        var options = new EngineOptions();
        var pace = new HeartbeatPace(options, _clock);
        _clock.Advance(options.HeartbeatInterval);

        pace.Took(TimeSpan.FromMinutes(1));

        Assert.Equal(options.HeartbeatInterval, pace.Interval);
    }

    private void Round(params TimeSpan[] renewals)
    {
        foreach (var renewal in renewals[..^1])
        {
            _pace.Took(renewal);
        }

        _clock.Advance(_pace.Interval);
        _pace.Took(renewals[^1]);
    }
}
