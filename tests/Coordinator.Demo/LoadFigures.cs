namespace Coordinator.Demo;

/// <summary>How the application fared in a stretch of time; the stall is the longest time in which nobody finished anything.</summary>
internal sealed record LoadFigures(double PerSecond, TimeSpan Median, TimeSpan P99, TimeSpan Slowest, TimeSpan Stall);
