namespace Coordinator.Postgres.Ddl;

/// <summary>How much the attempts of a step may disturb the application, and how patient they are.</summary>
public sealed record DdlBudget
{
    private const double LadderFactor = 1.5;

    /// <summary>The first attempt's <c>lock_timeout</c>.</summary>
    public TimeSpan FirstLockTimeout { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The highest rung of the ladder: what an application's statement may be stalled behind a waiting attempt.</summary>
    public TimeSpan LastLockTimeout { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Upper bound of the pause after the first lost attempt; it doubles, and the pause is drawn evenly below it.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The highest bound of a pause after a lost attempt.</summary>
    public TimeSpan LastPause { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long between two looks at those who block, while an attempt would be futile.</summary>
    public TimeSpan LookInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>A transaction that has run this long will not end within a lock timeout either: wait for it without queueing.</summary>
    public TimeSpan OldTransaction { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long to wait for an ordinary autovacuum before one attempt long enough to make it yield.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Test seam: no bound on lock waits at all, the mistake that tests must notice.</summary>
    internal bool Unbounded { get; init; }

    internal TimeSpan LockTimeout(int attempt)
    {
        var rung = FirstLockTimeout * Math.Pow(LadderFactor, Math.Min(attempt - 1, 20));
        return rung < LastLockTimeout ? rung : LastLockTimeout;
    }

    internal TimeSpan PauseBound(int attempt)
    {
        var bound = FirstPause * Math.Pow(2, Math.Min(attempt - 1, 20));
        return bound < LastPause ? bound : LastPause;
    }
}
