using Coordinator.Domain.Backfills;
using FsCheck;
using FsCheck.Fluent;

namespace Coordinator.Domain.Tests.Backfills;

public class BatchSizeTests
{
    private static readonly TimeSpan Aim = TimeSpan.FromMilliseconds(100);

    [Fact]
    public void Whatever_is_measured_the_size_stays_within_its_bounds() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2000),
        Prop.ForAll(
            (from current in Gen.Choose(-5, 20_000)
             from most in Gen.Choose(-5, 20_000)
             from blocks in Gen.Choose(0, 20_000)
             from busy in Gen.Choose(0, 10_000_000)
             from slowest in Gen.Choose(0, 10_000_000)
             from slowestBlocks in Gen.Choose(0, 20_000)
             select (current, most, timing: Timing(blocks, busy / 10.0, slowestBlocks, slowest / 10.0))).ToArbitrary(),
            input =>
            {
                var next = BatchSize.Next(input.current, input.timing, Aim, input.most);
                return next >= 1 && next <= Math.Clamp(input.most, 1, BatchSize.MaxBlocks)
                    && next <= Math.Max(Math.Clamp(input.current, 1, BatchSize.MaxBlocks) * 3 / 2, input.current + 1);
            }));

    [Fact]
    public void At_any_constant_speed_it_comes_to_the_aim_and_stays() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(500),
        Prop.ForAll(
            (from start in Gen.Choose(1, 8192)
             from microseconds in Gen.Choose(1, 300_000)
             select (start, perBlock: microseconds / 1000.0)).ToArbitrary(),
            input =>
            {
                long size = input.start;
                for (var look = 0; look < 40; look++)
                {
                    size = AfterBatchesOf(size, input.perBlock);
                }

                var expected = Math.Clamp((long)(Aim.TotalMilliseconds / input.perBlock), 1, BatchSize.MaxBlocks);
                return Math.Abs(size - expected) <= 1 && AfterBatchesOf(size, input.perBlock) == size;
            }));

    [Fact]
    public void A_slowdown_of_twenty_times_is_answered_in_one_step() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll(Gen.Choose(20, 8000).ToArbitrary(), static size =>
        {
            var perBlock = 20 * Aim.TotalMilliseconds / size;
            var next = AfterBatchesOf(size, perBlock);
            return next <= Math.Max(size / 10, 1) && next * perBlock <= Aim.TotalMilliseconds + perBlock;
        }));

    [Fact]
    public void One_batch_of_five_times_the_aim_cuts_to_a_tenth_although_the_others_were_fast_and_cuts_once()
    {
        var timing = Timing(1000, 100, slowestBlocks: 100, slowest: 500);

        Assert.Equal(10, BatchSize.Next(100, timing, Aim, 5000));
        Assert.Equal(10, BatchSize.Next(10, timing, Aim, 5000));
        Assert.Equal(150, BatchSize.Next(100, timing with { Slowest = TimeSpan.FromMilliseconds(499) }, Aim, 5000));
    }

    [Fact]
    public void A_batch_that_ran_into_its_time_limit_cuts_although_none_was_finished() =>
        Assert.Equal(40, BatchSize.Next(400, Timing(0, 0, slowestBlocks: 400, slowest: 10_000), Aim, 5000));

    [Fact]
    public void Without_a_measurement_nothing_changes_but_a_lower_bound_holds()
    {
        Assert.Equal(70, BatchSize.Next(70, null, Aim, 5000));
        Assert.Equal(50, BatchSize.Next(70, null, Aim, 50));
    }

    [Theory]
    [InlineData(100, false, 50)]
    [InlineData(2000, false, 1000)]
    [InlineData(100, true, 500)]
    [InlineData(20, true, 100)]
    [InlineData(2000, true, 2000)]
    [InlineData(300, true, 500)]
    public void The_aim_is_half_of_the_accepted_wait_and_longer_only_where_nobody_can_wait(int maxWait, bool quiet, int expected) =>
        Assert.Equal(TimeSpan.FromMilliseconds(expected), BatchSize.Aim(TimeSpan.FromMilliseconds(maxWait), quiet));

    private static long AfterBatchesOf(long size, double perBlock) =>
        BatchSize.Next(size, Timing(size, size * perBlock, size, size * perBlock), Aim, BatchSize.MaxBlocks);

    private static BatchTiming Timing(long blocks, double busy, long slowestBlocks, double slowest) =>
        new(blocks, TimeSpan.FromMilliseconds(busy), slowestBlocks, TimeSpan.FromMilliseconds(slowest));
}
