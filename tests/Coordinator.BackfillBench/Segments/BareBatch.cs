namespace Coordinator.BackfillBench.Segments;

/// <summary>One statement of a bare loop, over the blocks from the first to before the end.</summary>
internal readonly record struct BareBatch(string Statement, long First, long End);
