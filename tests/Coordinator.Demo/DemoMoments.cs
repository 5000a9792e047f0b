namespace Coordinator.Demo;

/// <summary>When what happened: the borders of the stretches that the load is compared over.</summary>
internal sealed class DemoMoments
{
    public DateTimeOffset LoadStarted { get; set; }

    public DateTimeOffset MigrationStarted { get; set; }

    /// <summary>The leases that the killed worker left behind.</summary>
    public IReadOnlyList<Guid> LeftByKilledWorker { get; set; } = [];

    /// <summary>When it was killed, by the coordination database's clock, which its batches' grants are stamped by.</summary>
    public DateTime WorkerKilled { get; set; }

    public DateTimeOffset Backfilled { get; set; }

    public DateTimeOffset Contracted { get; set; }

    public DateTimeOffset Ended { get; set; }
}
