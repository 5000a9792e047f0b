using Coordinator.Domain;

namespace Coordinator.Engine;

/// <summary>
/// An expected refusal on its way to the caller. The domain refuses with a value; this carries it through the engine's
/// layers to the one place that turns it into a status.
/// </summary>
public sealed class EngineException : Exception
{
    /// <summary>Refuses with what the domain said.</summary>
    public EngineException(Rejection rejection)
        : base((rejection ?? throw new ArgumentNullException(nameof(rejection))).Message) =>
        Rejection = rejection;

    /// <summary>Why, and what to do.</summary>
    public Rejection Rejection { get; }
}
