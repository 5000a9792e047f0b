namespace Coordinator.Domain.Backfills;

/// <summary>What the throttle remembers from look to look.</summary>
/// <param name="Parallelism">How many batches may run at once.</param>
/// <param name="CalmLooks">For how many looks in a row nothing has spoken against growing.</param>
/// <param name="SinceChange">How long ago the parallelism was changed last.</param>
/// <param name="Cut">Whether that last change took something away.</param>
public sealed record ThrottleState(int Parallelism, int CalmLooks, TimeSpan SinceChange, bool Cut)
{
    /// <summary>A backfill that begins: two at once, and nothing known.</summary>
    public static ThrottleState Initial { get; } = new(Throttle.InitialParallelism, 0, TimeSpan.Zero, Cut: false);

    /// <summary>For how long nothing is added after a cut; longer each time that what was added had to be taken away soon.</summary>
    public TimeSpan Cooldown { get; init; } = Throttle.CooldownAfterCut;

    /// <summary>How long it takes until something may be added again; zero where no cut stands in the way.</summary>
    public TimeSpan UntilNext => Cut && Cooldown > SinceChange ? Cooldown - SinceChange : TimeSpan.Zero;

    /// <summary>
    /// Before anything has run: one at most, and no second for so long, as after a cut. Where nothing may run the first is not delayed
    /// by that.
    /// </summary>
    public ThrottleState OneFor(TimeSpan time) => Parallelism == 0
        ? this with { Cooldown = Throttle.CooldownAfterCut }
        : this with { Parallelism = 1, SinceChange = TimeSpan.Zero, Cut = true, Cooldown = time };
}
