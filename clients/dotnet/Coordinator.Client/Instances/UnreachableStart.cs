namespace Coordinator.Client.Instances;

/// <summary>What an instance does when Coordinator cannot be reached at its start.</summary>
public enum UnreachableStart
{
    /// <summary>The start fails: an instance that nobody knows of must not use the database.</summary>
    Refuse,

    /// <summary>
    /// The program starts and goes on trying; <see cref="ICoordinatorInstance.MayWrite"/> stays false until it is
    /// registered. A refusal by Coordinator still fails the start.
    /// </summary>
    StartWithoutWriting,
}
