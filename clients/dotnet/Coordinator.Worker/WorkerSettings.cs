namespace Coordinator.Worker;

/// <summary>The options of a worker as they were when it was made, without the connection strings.</summary>
internal sealed class WorkerSettings
{
    public WorkerSettings(CoordinatorWorkerOptions options)
    {
        WorkerId = options.WorkerId;
        Targets = [.. options.Targets.Keys.Select(key => key.Split('/')[0]).Distinct(StringComparer.Ordinal)];
        TargetNames = string.Join(", ", Targets);
        Handlers = [.. options.Handlers.Keys];
        Parallelism = options.Parallelism;
        Prefetch = options.Prefetch;
        Migration = options.Migration;
        StartMargin = options.StartMargin;
        ReportDelay = options.ReportDelay;
        StopTimeout = options.StopTimeout;
    }

    public string WorkerId { get; }

    /// <summary>The targets' names, without their shards.</summary>
    public IReadOnlyList<string> Targets { get; }

    /// <summary>The same, for people.</summary>
    public string TargetNames { get; }

    /// <summary>The names of the handlers, told with every request for batches.</summary>
    public IReadOnlyList<string> Handlers { get; }

    public int Parallelism { get; }

    public int Prefetch { get; }

    public string Migration { get; }

    public TimeSpan StartMargin { get; }

    public TimeSpan ReportDelay { get; }

    public TimeSpan StopTimeout { get; }

    /// <summary>How long the last reports may take after everything else has stopped.</summary>
    public TimeSpan LastReportTimeout { get; } = TimeSpan.FromSeconds(3);

    public Func<double> Jitter { get; init; } = Random.Shared.NextDouble;
}
