namespace Coordinator.EventStore.Listening;

/// <summary>How an <see cref="AppendListener"/> waits. It copies the values when it starts.</summary>
public sealed class AppendListenerOptions
{
    /// <summary>A wake-up without a notification, for those that were lost.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>After this long without a notification the connection is asked whether it is still there.</summary>
    public TimeSpan ProbeInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>The first pause after a loss; it doubles up to <see cref="MaxBackoff"/>, with full jitter.</summary>
    public TimeSpan MinBackoff { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest pause after a loss.</summary>
    public TimeSpan MaxBackoff { get; set; } = TimeSpan.FromSeconds(5);
}
