namespace Coordinator.Client.Instances;

/// <summary>How an instance stands with Coordinator, and why.</summary>
/// <param name="State">How it stands.</param>
/// <param name="Reason">The stable reason of the last refusal or failure; empty when all is well.</param>
/// <param name="Message">What happened and what to do, for people; empty when all is well.</param>
public sealed record InstanceStatus(InstanceState State, string Reason = "", string Message = "");
