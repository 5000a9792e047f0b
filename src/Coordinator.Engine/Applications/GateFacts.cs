using Coordinator.Domain.Applications;
using Coordinator.Domain.Gates;

namespace Coordinator.Engine.Applications;

/// <summary>What the gate has to know of the applications of a migration, all from one moment.</summary>
/// <param name="Instances">Every instance that counts, live or suspected.</param>
/// <param name="Populations">For every application asked for; null where nobody said, or the application is not known.</param>
/// <param name="Now">That moment, by the database's clock.</param>
public sealed record GateFacts(
    IReadOnlyList<InstanceFact> Instances,
    IReadOnlyDictionary<string, ExpectedPopulation?> Populations,
    DateTimeOffset Now);
