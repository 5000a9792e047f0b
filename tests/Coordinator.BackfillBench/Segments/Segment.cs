namespace Coordinator.BackfillBench.Segments;

/// <summary>One way of filling the column, measured once per repetition on a copy of its own.</summary>
/// <param name="Name">As the report shows it.</param>
/// <param name="RunAsync">Fills every row and says how long that took, set-up not counted.</param>
internal sealed record Segment(string Name, Func<BenchDatabase, Task<TimeSpan>> RunAsync);
