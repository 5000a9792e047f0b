namespace Coordinator.Domain.Backfills;

/// <summary>
/// How many batches may run at once, look by look: one more while every signal is low and all that may run do run; as many while one is
/// in the middle or could not be read; one less above a hard threshold; half as many far above it; none when a signal says stop.
/// It grows slowly after a cut and only after several calm looks, and where what it added had to be taken away again it tries ever more
/// seldom, so that it does not swing.
/// </summary>
public static class Throttle
{
    /// <summary>How many batches run at once before anything is known of the load.</summary>
    public const int InitialParallelism = 2;

    /// <summary>So many looks in a row have to be calm before anything is added.</summary>
    public const int CalmLooksToGrow = 3;

    /// <summary>Between two steps in the same direction the target is given so long to show what the first one did.</summary>
    public static readonly TimeSpan Settling = TimeSpan.FromSeconds(1);

    /// <summary>After a cut nothing is added for so long.</summary>
    public static readonly TimeSpan CooldownAfterCut = TimeSpan.FromSeconds(5);

    /// <summary>A cut so soon after something was added is blamed on that.</summary>
    public static readonly TimeSpan Trial = TimeSpan.FromSeconds(10);

    /// <summary>However often that happened, after so long it is tried again: the load may be another one by then.</summary>
    public static readonly TimeSpan LongestCooldown = TimeSpan.FromMinutes(5);

    private const double MoreSeldom = 4;

    /// <summary>Decides.</summary>
    /// <param name="state">What is in force.</param>
    /// <param name="signals">What was read just now.</param>
    /// <param name="elapsed">The time since the last look.</param>
    /// <param name="running">How many batches run now.</param>
    /// <param name="most">The most that may ever run; at least 1.</param>
    public static ThrottleDecision Decide(
        ThrottleState state, IReadOnlyList<LoadSignal> signals, TimeSpan elapsed, int running, int most)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(signals);
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        var worst = signals.Where(static signal => signal.Zone != LoadZone.Shown).MaxBy(static signal => signal.Zone);
        var zone = worst?.Zone ?? LoadZone.Low;
        // A lowered maximum is in force at once, and is no cut of the load's.
        var now = state with
        {
            Parallelism = Math.Min(state.Parallelism, most),
            SinceChange = state.SinceChange + elapsed,
            CalmLooks = zone == LoadZone.Low ? Math.Min(state.CalmLooks + 1, CalmLooksToGrow) : 0,
        };
        if (!now.Cut && now.SinceChange >= Trial)
        {
            now = now with { Cooldown = CooldownAfterCut };
        }

        var because = zone == LoadZone.Low ? null : worst;
        return zone switch
        {
            LoadZone.Stop => new(ThrottleMove.Stop, Change(now, 0), because),
            LoadZone.Extreme => Cut(now, ThrottleMove.Halve, now.Parallelism / 2, because!),
            LoadZone.High => Cut(now, ThrottleMove.Drop, now.Parallelism - 1, because!),
            LoadZone.Low => Grow(now, running, most),
            // Not even the first batch is begun on a reading that is not low.
            _ => new(ThrottleMove.Hold, now, because),
        };
    }

    private static ThrottleDecision Cut(ThrottleState now, ThrottleMove move, int to, LoadSignal because)
    {
        var least = because is { CanStop: true, Zone: LoadZone.Extreme } ? 0 : 1;
        // From nothing it does not come back while a signal is high.
        to = Math.Min(now.Parallelism, Math.Max(to, least));
        return now.Cut && now.SinceChange < Settling || to == now.Parallelism
            ? new(to == 0 ? ThrottleMove.Stop : move, now, because)
            : new(to == 0 ? ThrottleMove.Stop : move, Change(now, to), because);
    }

    private static ThrottleDecision Grow(ThrottleState now, int running, int most)
    {
        if (now.Parallelism >= most || (now.Parallelism > 0 && running < now.Parallelism))
        {
            return new(ThrottleMove.Full, now, null);
        }

        return now.CalmLooks < CalmLooksToGrow || now.SinceChange < (now.Cut ? now.Cooldown : Settling)
            ? new(ThrottleMove.Hold, now, null)
            : new(ThrottleMove.Grow, now with { Parallelism = now.Parallelism + 1, SinceChange = TimeSpan.Zero, Cut = false }, null);
    }

    private static ThrottleState Change(ThrottleState now, int to) => to == now.Parallelism
        ? now
        : now with
        {
            Parallelism = to,
            SinceChange = TimeSpan.Zero,
            Cut = to < now.Parallelism || now.Cut,
            Cooldown = !now.Cut && now.SinceChange < Trial ? Longer(now.Cooldown) : now.Cooldown,
        };

    private static TimeSpan Longer(TimeSpan cooldown) => cooldown * MoreSeldom < LongestCooldown ? cooldown * MoreSeldom : LongestCooldown;
}
