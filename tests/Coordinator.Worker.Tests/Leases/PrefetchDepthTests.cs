using Coordinator.Worker.Leases;

namespace Coordinator.Worker.Tests.Leases;

public class PrefetchDepthTests
{
    [Theory]
    [InlineData(1, 10, 50, 10)]
    [InlineData(1, 10, 100, 5)]
    [InlineData(1, 10, 120, 5)]
    [InlineData(1, 10, 499, 2)]
    [InlineData(1, 10, 60_000, 1)]
    [InlineData(1, 10, 0, 10)]
    [InlineData(4, 50, 100, 20)]
    [InlineData(4, 10, 100, 10)]
    [InlineData(1, 0, 100, 0)]
    [InlineData(1, 1, 10, 1)]
    public void As_many_wait_as_take_half_a_second_within_the_option(int parallelism, int most, int milliseconds, int expected)
    {
        var depth = new PrefetchDepth(parallelism, most);

        depth.Took(TimeSpan.FromMilliseconds(milliseconds));

        Assert.Equal(expected, depth.Batches);
    }

    [Theory]
    [InlineData(10, PrefetchDepth.AtFirst)]
    [InlineData(2, 2)]
    [InlineData(0, 0)]
    public void Before_a_batch_has_ended_a_few_wait(int most, int expected) => Assert.Equal(expected, new PrefetchDepth(1, most).Batches);

    [Fact]
    public void One_batch_that_stands_out_moves_it_little_and_a_change_is_followed()
    {
        var depth = new PrefetchDepth(1, 10);
        depth.Took(TimeSpan.FromMilliseconds(100));

        depth.Took(TimeSpan.FromMilliseconds(180));
        Assert.Equal(5, depth.Batches);

        for (var batch = 0; batch < 30; batch++)
        {
            depth.Took(TimeSpan.FromMilliseconds(500));
        }

        Assert.InRange(depth.Batches, 1, 2);
    }
}
