using Coordinator.Domain.Backfills;
using Coordinator.Engine.Pacing;

namespace Coordinator.Engine.Tests.Pacing;

/// <summary>What people read of a decision.</summary>
public class PaceTextTests
{
    [Theory]
    [InlineData(0, "nothing is granted for 4 s")]
    [InlineData(2, "2 batches at once, one more is tried in 4 s")]
    public void After_a_cut_it_says_for_how_long_nothing_is_added(int left, string message)
    {
        var cut = ThrottleState.Initial with { Parallelism = left, Cut = true };

        var held = Throttle.Decide(cut, [], TimeSpan.FromSeconds(1.5), running: left, most: 8);

        Assert.Equal((ThrottleMove.Hold, message), (held.Move, PaceText.Of(held)));
    }
}
