using System.Collections.Immutable;

namespace Coordinator.Domain.Applications;

/// <summary>
/// An application as its events tell it. Its admission interval is <c>[Floor, Ceiling)</c>: the highest floor of the retirements in
/// force, and the lowest ceiling of the migrations whose structure is not complete.
/// </summary>
public sealed record ApplicationState
{
    public static ApplicationState Initial { get; } = new();

    /// <summary>From the stream's key; events do not repeat it.</summary>
    public string Name { get; init; } = "";

    /// <summary>The retirements in force, permanent ones included: migration to floor.</summary>
    public IReadOnlyDictionary<string, long> Retirements { get; init; } = ImmutableDictionary<string, long>.Empty;

    /// <summary>The migrations whose retirement can't be ended any more.</summary>
    public ImmutableSortedSet<string> Permanent { get; init; } = [];

    /// <summary>Migration to the first version refused.</summary>
    public IReadOnlyDictionary<string, long> Ceilings { get; init; } = ImmutableDictionary<string, long>.Empty;

    public ExpectedPopulation? Population { get; init; }

    /// <summary>Versions that ever registered.</summary>
    public ImmutableSortedSet<long> SeenVersions { get; init; } = [];

    /// <summary>Versions that registered and have not drained since.</summary>
    public ImmutableSortedSet<long> PresentVersions { get; init; } = [];

    /// <summary>The lowest version that may start; 0 when nothing is retired.</summary>
    public long Floor => Retirements.Values.DefaultIfEmpty(0).Max();

    /// <summary>The lowest version that may not start, null when none is refused.</summary>
    public long? Ceiling => Ceilings.Count == 0 ? null : Ceilings.Values.Min();

    public static ApplicationState Named(string name) => Initial with { Name = name };

    public ApplicationState Evolve(ApplicationEvent applicationEvent) => applicationEvent switch
    {
        ApplicationEvent.VersionAppeared appeared => this with
        {
            SeenVersions = SeenVersions.Add(appeared.Version),
            PresentVersions = PresentVersions.Add(appeared.Version),
        },
        ApplicationEvent.VersionDrained drained => this with
        {
            PresentVersions = PresentVersions.Remove(drained.Version),
        },
        ApplicationEvent.VersionsRetired retired => this with
        {
            Retirements = Retirements.ToImmutableDictionary().SetItem(retired.Migration, retired.Floor),
        },
        ApplicationEvent.RetirementMadePermanent permanent => this with
        {
            Permanent = Permanent.Add(permanent.Migration),
        },
        ApplicationEvent.RetirementEnded ended => this with
        {
            Retirements = Retirements.ToImmutableDictionary().Remove(ended.Migration),
            Permanent = Permanent.Remove(ended.Migration),
        },
        ApplicationEvent.CeilingSet set => this with
        {
            Ceilings = Ceilings.ToImmutableDictionary().SetItem(set.Migration, set.Ceiling),
        },
        ApplicationEvent.CeilingLifted lifted => this with { Ceilings = Ceilings.ToImmutableDictionary().Remove(lifted.Migration) },
        ApplicationEvent.PopulationExpected expected => this with { Population = expected.Population },
        // InstanceAttested changes an instance's row, not what the application may run.
        _ => this,
    };
}
