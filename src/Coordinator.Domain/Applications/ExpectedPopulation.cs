namespace Coordinator.Domain.Applications;

/// <summary>
/// How many instances of an application should be there. Unset is a blocker of every gate: silence is never absence.
/// </summary>
public sealed record ExpectedPopulation(PopulationKind Kind, int? Count = null)
{
    public static ExpectedPopulation Observed { get; } = new(PopulationKind.Observed);

    public static ExpectedPopulation None { get; } = new(PopulationKind.None);

    public static ExpectedPopulation Of(int count) => new(PopulationKind.Count, count);
}
