namespace Coordinator.Engine.Readiness;

/// <summary>The three answers that a deploy tool can act on.</summary>
public enum Verdict
{
    /// <summary>Go on.</summary>
    Ready,

    /// <summary>Not yet; ask again.</summary>
    Wait,

    /// <summary>Needs a person.</summary>
    Blocked,
}
