using Coordinator.Domain.Applications;

namespace Coordinator.Engine.Applications;

/// <summary>An application's admission interval and expected population.</summary>
/// <param name="Name">The application.</param>
/// <param name="Floor">Versions below are refused; 0 when none is.</param>
/// <param name="Ceiling">Versions from here on are refused; null when none is.</param>
/// <param name="Population">How many instances are expected; null when nobody said.</param>
public sealed record ApplicationRow(string Name, long Floor, long? Ceiling, ExpectedPopulation? Population);
