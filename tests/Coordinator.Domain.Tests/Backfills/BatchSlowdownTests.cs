using Coordinator.Domain.Backfills;

namespace Coordinator.Domain.Tests.Backfills;

public class BatchSlowdownTests
{
    private readonly BatchSlowdown _slowdown = new();

    [Fact]
    public void Nothing_is_said_before_four_looks_have_measured_the_first_batches()
    {
        Look(running: 1, perBlock: 30);
        for (var look = 0; look < 4; look++)
        {
            Assert.Null(_slowdown.Factor);
            Look(running: 1, perBlock: 10);
        }

        Assert.Equal(1, _slowdown.Factor);
    }

    [Fact]
    public void One_look_is_enough_to_see_that_one_too_many_runs_and_not_that_it_is_welcome()
    {
        Looks(5, running: 1, perBlock: 10);

        Looks(2, running: 2, perBlock: 14.9);
        Assert.Null(_slowdown.Factor);
        Looks(2, running: 1, perBlock: 10);
        Looks(2, running: 2, perBlock: 15);

        Assert.Equal(1.5, _slowdown.Factor!.Value, 6);
    }

    [Fact]
    public void Two_at_once_are_compared_with_one_and_not_with_what_ran_while_their_number_changed()
    {
        Looks(5, running: 1, perBlock: 10);

        Look(running: 2, perBlock: 1000);
        Assert.Null(_slowdown.Factor);
        Looks(2, running: 2, perBlock: 18);

        Assert.Equal(1.8, _slowdown.Factor!.Value, 6);
    }

    [Fact]
    public void The_speed_with_fewest_is_learnt_anew_whenever_so_few_run()
    {
        Looks(5, running: 1, perBlock: 10);
        Looks(5, running: 2, perBlock: 20);
        Looks(6, running: 1, perBlock: 40);
        Assert.Equal(1, _slowdown.Factor);

        Looks(5, running: 2, perBlock: 44);

        Assert.Equal(1.1, _slowdown.Factor!.Value, 6);
    }

    [Fact]
    public void Without_a_look_at_one_the_fewest_that_were_seen_are_the_measure_until_fewer_run()
    {
        Looks(5, running: 4, perBlock: 20);
        Looks(5, running: 6, perBlock: 30);
        Assert.Equal(1.5, _slowdown.Factor!.Value, 6);

        Looks(5, running: 2, perBlock: 12);
        Looks(5, running: 6, perBlock: 30);

        Assert.Equal(2.5, _slowdown.Factor!.Value, 6);
    }

    [Fact]
    public void Work_that_becomes_lighter_while_several_run_is_not_taken_for_a_gain()
    {
        Looks(5, running: 1, perBlock: 10);

        Looks(3, running: 2, perBlock: 7);
        Assert.Null(_slowdown.Factor);
        Assert.True(_slowdown.Learning);
        Looks(4, running: 2, perBlock: 9.1);

        Assert.Equal(1.3, _slowdown.Factor!.Value, 6);
    }

    [Fact]
    public void A_worker_between_two_batches_counts_as_running()
    {
        Looks(5, running: 1, perBlock: 10);
        Looks(3, running: 2, perBlock: 15);

        Look(running: 1, perBlock: 15);
        Look(running: 2, perBlock: 15);

        Assert.Equal(1.5, _slowdown.Factor!.Value, 6);
    }

    [Fact]
    public void Looks_at_which_nothing_was_measured_change_nothing()
    {
        Looks(5, running: 1, perBlock: 10);
        Looks(4, running: 2, perBlock: 13);

        _slowdown.Add(2, null);
        _slowdown.Add(2, new BatchTiming(0, TimeSpan.Zero, 100, TimeSpan.FromSeconds(9)));

        Assert.Equal(1.3, _slowdown.Factor!.Value, 6);
    }

    [Fact]
    public void Four_looks_are_the_present()
    {
        Looks(5, running: 1, perBlock: 10);
        Looks(10, running: 2, perBlock: 30);

        Looks(4, running: 2, perBlock: 11);

        Assert.Equal(1.1, _slowdown.Factor!.Value, 6);
    }

    private void Looks(int count, int running, double perBlock)
    {
        for (var look = 0; look < count; look++)
        {
            Look(running, perBlock);
        }
    }

    private void Look(int running, double perBlock)
    {
        const long Blocks = 100;
        _slowdown.Add(running, new BatchTiming(Blocks, TimeSpan.FromMilliseconds(perBlock * Blocks), Blocks, TimeSpan.Zero));
    }
}
