namespace Coordinator.Domain;

/// <summary>The name under which workers offer a handler: their own code for the batches of a backfill.</summary>
public static class HandlerName
{
    /// <summary>Whether the text is a handler's name; else <paramref name="why"/> it is not ("is empty", …).</summary>
    public static bool IsValid(string? value, out string why) => DnsLabel.IsValid(value, out why);
}
