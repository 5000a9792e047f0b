using Coordinator.Domain.Backfills;
using FsCheck;
using FsCheck.Fluent;

namespace Coordinator.Domain.Tests.Backfills;

public class ThrottleTests
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    [Fact]
    public void Whatever_is_read_it_stays_between_nothing_and_the_maximum_and_moves_by_its_rules() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300),
        Prop.ForAll(
            (from most in Gen.Choose(1, 12) from readings in Gen.ListOf(Gen.Choose(0, 60)) select (most, readings)).ToArbitrary(),
            static input =>
            {
                var state = ThrottleState.Initial;
                foreach (var reading in input.readings)
                {
                    var before = Math.Min(state.Parallelism, input.most);
                    var decision = Throttle.Decide(state, [Signal(reading)], Look, running: int.MaxValue, input.most);
                    state = decision.State;
                    var right = Signal(reading).Zone switch
                    {
                        LoadZone.Low => state.Parallelism == before || (decision.Move == ThrottleMove.Grow && state.Parallelism == before + 1),
                        LoadZone.Middle => state.Parallelism == before && decision.Move == ThrottleMove.Hold,
                        LoadZone.High => state.Parallelism == before || state.Parallelism == before - 1,
                        _ => state.Parallelism == before || state.Parallelism == before / 2,
                    };
                    if (!right || state.Parallelism < 0 || state.Parallelism > input.most)
                    {
                        return false;
                    }
                }

                return true;
            }));

    [Fact]
    public void On_a_calm_target_it_grows_one_by_one_to_the_maximum()
    {
        var seen = Run(ThrottleState.Initial, 40, _ => Signal(0));

        Assert.Equal([2, 3, 4, 5, 6, 7, 8], seen.Distinct());
    }

    [Fact]
    public void What_nobody_asks_for_is_not_added()
    {
        var state = ThrottleState.Initial;
        for (var look = 0; look < 20; look++)
        {
            state = Throttle.Decide(state, [Signal(0)], Look, running: 1, most: 8).State;
        }

        Assert.Equal(2, state.Parallelism);
    }

    [Fact]
    public void Far_above_the_hard_threshold_it_halves_at_once_and_then_gives_it_time_until_nothing_is_left()
    {
        var seen = Run(ThrottleState.Initial with { Parallelism = 8 }, 9, _ => Signal(40));

        Assert.Equal([4, 4, 2, 2, 1, 1, 0, 0, 0], seen);
    }

    [Fact]
    public void A_signal_that_can_not_stop_leaves_the_last_batch()
    {
        var seen = Run(ThrottleState.Initial with { Parallelism = 8 }, 20, _ => Signal(40) with { CanStop = false });

        Assert.Equal(1, seen[^1]);
        Assert.DoesNotContain(0, seen);
    }

    [Fact]
    public void A_signal_that_could_not_be_read_holds_and_a_stale_one_stops()
    {
        var unread = Signal(0) with { Reading = null, Problem = "no connection" };

        var held = Throttle.Decide(ThrottleState.Initial with { CalmLooks = 3, SinceChange = TimeSpan.FromHours(1) }, [Signal(0), unread], Look, 8, 8);
        var stopped = Throttle.Decide(held.State, [Signal(0), unread with { Stale = true }], Look, 8, 8);

        Assert.Equal((ThrottleMove.Hold, 2, unread), (held.Move, held.State.Parallelism, held.Because));
        Assert.Equal((ThrottleMove.Stop, 0), (stopped.Move, stopped.State.Parallelism));
    }

    [Fact]
    public void A_check_that_says_no_stops_at_once_and_a_yes_begins_again_with_one_after_a_while()
    {
        var no = Signal(1) with { SaysStop = true };
        Assert.Equal([0, 0], Run(ThrottleState.Initial with { Parallelism = 8 }, 2, _ => no));

        var seen = Run(new ThrottleState(0, 0, TimeSpan.Zero, Cut: true), 30, _ => Signal(0));

        Assert.Equal(0, seen[8]);
        Assert.Equal([0, 1, 2, 3], seen.Distinct().Take(4));
    }

    [Fact]
    public void A_signal_that_swings_around_a_threshold_does_not_make_it_swing()
    {
        // High at every third look: one cut, and no growth in between.
        var seen = Run(ThrottleState.Initial with { Parallelism = 6 }, 60, look => Signal(look % 3 == 0 ? 11 : 0));

        Assert.All(seen.Zip(seen.Skip(1)), pair => Assert.True(pair.Second <= pair.First));
    }

    [Fact]
    public void What_has_to_be_taken_away_again_is_tried_ever_more_seldom_but_never_given_up()
    {
        // Two at once are too much, one is not: within an hour of looks it is at two for half a minute at most.
        var state = ThrottleState.Initial with { Parallelism = 1 };
        var growths = new List<int>();
        for (var look = 0; look < 7200; look++)
        {
            var decision = Throttle.Decide(state, [Signal(state.Parallelism > 1 ? 12 : 0)], Look, running: state.Parallelism, most: 8);
            state = decision.State;
            if (decision.Move == ThrottleMove.Grow)
            {
                growths.Add(look);
            }
        }

        Assert.InRange(growths.Count, 10, 20);
        var pauses = growths.Zip(growths.Skip(1), static (first, second) => (second - first) * Look).ToList();
        Assert.All(pauses.Zip(pauses.Skip(1)), pair => Assert.True(pair.Second >= pair.First));
        Assert.InRange(pauses[^1], Throttle.LongestCooldown, Throttle.LongestCooldown + TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void After_something_that_lasted_it_comes_back_from_a_cut_as_soon_as_ever()
    {
        var state = new ThrottleState(2, 0, Throttle.Trial, Cut: false) { Cooldown = Throttle.LongestCooldown };

        var cut = Throttle.Decide(state, [Signal(12)], Look, running: 2, most: 8).State;

        Assert.Equal((1, true, Throttle.CooldownAfterCut), (cut.Parallelism, cut.Cut, cut.Cooldown));
    }

    [Fact]
    public void The_worst_signal_decides_and_one_that_is_only_shown_never_does()
    {
        var shown = Signal(1000) with { Name = "shown", Soft = null };
        var high = Signal(12) with { Name = "high" };

        var decision = Throttle.Decide(ThrottleState.Initial, [Signal(0), high, Signal(6), shown], Look, 8, 8);

        Assert.Equal((ThrottleMove.Drop, "high", 10d), (decision.Move, decision.Because!.Name, decision.Because.Threshold));
    }

    [Fact]
    public void A_lowered_maximum_is_in_force_at_once()
    {
        var decision = Throttle.Decide(ThrottleState.Initial with { Parallelism = 8 }, [Signal(0)], Look, 8, most: 3);

        Assert.Equal((ThrottleMove.Full, 3), (decision.Move, decision.State.Parallelism));
    }

    private static List<int> Run(ThrottleState state, int looks, Func<int, LoadSignal> signal)
    {
        var seen = new List<int>();
        for (var look = 0; look < looks; look++)
        {
            state = Throttle.Decide(state, [signal(look)], Look, running: int.MaxValue, most: 8).State;
            seen.Add(state.Parallelism);
        }

        return seen;
    }

    private static LoadSignal Signal(double reading) => new() { Name = "lag", Reading = reading, Soft = 5, Hard = 10, CanStop = true };
}
