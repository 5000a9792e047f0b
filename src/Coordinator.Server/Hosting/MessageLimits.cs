namespace Coordinator.Server.Hosting;

/// <summary>How large a message may be. Nothing that is sent here for a good reason comes near it.</summary>
internal static class MessageLimits
{
    public const int MaxReceiveBytes = 1024 * 1024;
}
