namespace Coordinator.Postgres.Quarantine;

/// <summary>Which rows of a quarantine are meant.</summary>
/// <param name="Steps">The backfill steps; null for all.</param>
/// <param name="Keys">Their keys, exactly as they are listed; null for all.</param>
/// <param name="OnlyOpen">Without those that were waived.</param>
public sealed record QuarantineSelection(IReadOnlyCollection<string>? Steps, IReadOnlyCollection<string>? Keys, bool OnlyOpen = false)
{
    internal string[] StepArray => [.. Steps ?? []];

    internal string[] KeyArray => [.. Keys ?? []];
}
