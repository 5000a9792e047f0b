namespace Coordinator.Engine.Quarantine;

/// <summary>The rows that an operator means.</summary>
/// <param name="Step">The backfill step; empty for all.</param>
/// <param name="Keys">Their keys, exactly as they are listed; empty together with <paramref name="All"/>.</param>
/// <param name="All">Every open row.</param>
public sealed record RowChoice(string Step, IReadOnlyList<string> Keys, bool All);
