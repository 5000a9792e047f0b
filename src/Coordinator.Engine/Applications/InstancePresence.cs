namespace Coordinator.Engine.Applications;

/// <summary>Whether an instance is there.</summary>
public enum InstancePresence
{
    /// <summary>Its lease holds.</summary>
    Live,

    /// <summary>Its lease lapsed: it may be paused, not gone. It still counts.</summary>
    Suspected,

    /// <summary>It said good-bye.</summary>
    Left,

    /// <summary>Somebody vouched for its end.</summary>
    AttestedGone,
}
