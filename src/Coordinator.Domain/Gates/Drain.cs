using System.Globalization;
using Coordinator.Domain.Applications;
using Coordinator.Domain.Migrations;
using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Gates;

/// <summary>
/// Who stands between a migration and its contract (or, for a rollback, its way back). An instance whose lease lapsed blocks like a
/// live one: only its own goodbye or somebody's word removes it, in strict mode the fence, which needs no word because it acts in
/// the target, or the witness where the specification trusts it. Blockers come in a fixed order.
/// </summary>
public static class Drain
{
    public const string InstanceAlive = "INSTANCE_ALIVE";

    public const string InstanceSuspected = "INSTANCE_SUSPECTED";

    /// <summary>Stands for those of an application that are not named one by one.</summary>
    public const string MoreInstances = "MORE_INSTANCES";

    public const string PopulationUnknown = "POPULATION_UNKNOWN";

    public const string PopulationShort = "POPULATION_SHORT";

    // Of one application. What blocks is recorded each time that it changes: with all of a large fleet named, its leaving one by one
    // would write as much as the square of its size.
    private const int MostNamed = 100;

    public static IReadOnlyList<Blocker> Blockers(
        IReadOnlyDictionary<string, VersionRule> versions,
        IReadOnlyList<InstanceFact> instances,
        IReadOnlyDictionary<string, ExpectedPopulation?> populations,
        bool rollback,
        IReadOnlyCollection<InstanceFact>? letGo = null)
    {
        ArgumentNullException.ThrowIfNull(versions);
        var blockers = new List<Blocker>();
        // A set: a fleet may have lapsed as a whole, and each of it is looked up.
        var gone = (letGo ?? []).ToHashSet();
        foreach (var (application, rule) in versions.OrderBy(static v => v.Key, StringComparer.Ordinal))
        {
            var own = instances.Where(i => string.Equals(i.Application, application, StringComparison.Ordinal)).ToList();
            blockers.AddRange(ForInstances(
                [.. own.Where(i => rule.ShutsOut(i.Version, rollback) && !gone.Contains(i))], application, rule, rollback));
            if (!rollback && ForPopulation(application, rule, own, populations.GetValueOrDefault(application)) is { } missing)
            {
                blockers.Add(missing);
            }
        }

        return blockers;
    }

    private static IEnumerable<Blocker> ForInstances(
        IReadOnlyCollection<InstanceFact> old, string application, VersionRule rule, bool rollback)
    {
        // Those whose lease lapsed first: they are the ones that may need a person.
        var named = old
            .OrderBy(static i => i.Condition is InstanceCondition.Live).ThenBy(static i => i.Instance, StringComparer.Ordinal)
            .Take(MostNamed)
            .OrderBy(static i => i.Instance, StringComparer.Ordinal)
            .Select(i => ForInstance(i, rule, rollback));
        return old.Count <= MostNamed
            ? named
            : named.Append(new Blocker(
                MoreInstances,
                application,
                // No number: like an age, it would be of the time when what blocks was last recorded.
                string.Create(CultureInfo.InvariantCulture, $"more instances of it than the {MostNamed} that are named stand in the way"),
                $"the same as for those; 'coordinator instances {application}' lists all"));
    }

    private static Blocker ForInstance(InstanceFact instance, VersionRule rule, bool rollback)
    {
        var version = instance.Version.ToString(CultureInfo.InvariantCulture);
        var move = rollback
            ? string.Create(CultureInfo.InvariantCulture, $"deploy a version below {rule.UsesNewFrom} there, or stop it")
            : string.Create(CultureInfo.InvariantCulture, $"deploy version {rule.FreeOfOldFrom} or newer there, or stop it");
        var subject = $"{instance.Application}/{instance.Instance}";
        var age = HumanDuration.Format(instance.SinceLastSeen);
        return instance.Condition is InstanceCondition.Live
            ? new Blocker(InstanceAlive, subject, $"runs version {version}, last seen {age} ago", move)
            : new Blocker(
                InstanceSuspected,
                subject,
                $"runs version {version}; its lease lapsed, last seen {age} ago; it may be paused, not gone",
                $"{move} (its own Leave), or attest that it is gone"
                    + (rule.IsStrict ? "; or wait: the fence takes it once it was silent for long enough, if its version's role exists"
                        : rule.WitnessAfter is { } after ? $"; or wait: it is taken for gone once nobody saw it for {HumanDuration.Format(after)}" : ""));
    }

    private static Blocker? ForPopulation(
        string application,
        VersionRule rule,
        List<InstanceFact> own,
        ExpectedPopulation? population)
    {
        if (population is null)
        {
            return new Blocker(
                PopulationUnknown,
                application,
                "no expected population is set, so instances that never registered can't be ruled out",
                "set the application's expected population: a number, observed, or none");
        }

        var ready = own.Count(i => i.Condition is InstanceCondition.Live && i.Version >= rule.FreeOfOldFrom);
        return population.Kind is PopulationKind.Count && ready < population.Count
            ? new Blocker(
                PopulationShort,
                application,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{ready} of {population.Count} expected instances run version {rule.FreeOfOldFrom} or newer"),
                "start the missing instances, or correct the expected population")
            : null;
    }
}
