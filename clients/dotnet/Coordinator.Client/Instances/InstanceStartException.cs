namespace Coordinator.Client.Instances;

/// <summary>An instance that may not start: Coordinator refused it, or could not be reached.</summary>
public sealed class InstanceStartException : Exception
{
    internal InstanceStartException(string reason, string message, Exception? cause)
        : base(message, cause) => Reason = reason;

    /// <summary>The reason when Coordinator was not reached within the start timeout.</summary>
    public const string Unreachable = "COORDINATOR_UNREACHABLE";

    /// <summary>The stable reason: Coordinator's, such as VERSION_RETIRED, or <see cref="Unreachable"/>.</summary>
    public string Reason { get; }
}
