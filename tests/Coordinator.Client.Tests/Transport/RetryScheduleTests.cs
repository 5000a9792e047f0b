using Coordinator.Client.Transport;

namespace Coordinator.Client.Tests.Transport;

public sealed class RetryScheduleTests
{
    [Fact]
    public void Other_addresses_are_tried_at_once_and_rounds_are_spaced()
    {
        var schedule = new RetrySchedule(5, addresses: 2, () => 1);

        Assert.Equal(
            [TimeSpan.Zero, TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(400), null],
            Enumerable.Range(1, 5).Select(schedule.PauseAfter));
    }

    [Fact]
    public void A_pause_is_at_least_half_and_at_most_one_second()
    {
        var schedule = new RetrySchedule(20, addresses: 1, () => 0);

        Assert.Equal(TimeSpan.FromMilliseconds(50), schedule.PauseAfter(1));
        Assert.Equal(TimeSpan.FromMilliseconds(500), schedule.PauseAfter(19));
    }
}
