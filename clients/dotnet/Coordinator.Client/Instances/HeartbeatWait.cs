namespace Coordinator.Client.Instances;

/// <summary>
/// The time between two heartbeats, in which Coordinator may shorten or lengthen it, or ask the instance to go to another
/// replica.
/// </summary>
internal sealed class HeartbeatWait(HeartbeatChannel channel, TimeProvider timeProvider, Func<double> jitter)
{
    /// <summary>
    /// Waits until the next heartbeat is due, or had better be sent now: the stream has ended, or it is time to open
    /// another one elsewhere.
    /// </summary>
    public async Task UntilDueAsync(TimeSpan wait, TimeSpan lease, CancellationToken cancellationToken)
    {
        var began = timeProvider.GetTimestamp();
        while (true)
        {
            // Before the hint is taken: the next one completes it.
            var hinted = channel.Hinted;
            if (channel.TakeHint() is { } hint)
            {
                wait = Follow(hint, wait, lease);
            }

            var left = wait - timeProvider.GetElapsedTime(began);
            if (Until(channel.LeaveAt) is { } untilLeaving && untilLeaving < left)
            {
                await PauseAsync(untilLeaving, hinted, cancellationToken).ConfigureAwait(false);
                if (channel.Disturbed.IsCompleted || (Until(channel.LeaveAt) <= TimeSpan.Zero && channel.Leave()))
                {
                    return;
                }

                continue;
            }

            await PauseAsync(left, hinted, cancellationToken).ConfigureAwait(false);
            if (!hinted.IsCompleted || channel.Disturbed.IsCompleted)
            {
                return;
            }
        }
    }

    private TimeSpan Follow(StreamHint hint, TimeSpan wait, TimeSpan lease)
    {
        if (hint.LeaveWithin is { } within)
        {
            // At random in that time: the streams of a fleet don't arrive elsewhere at once.
            var pause = within * jitter();
            channel.PlanToLeave(
                timeProvider.GetTimestamp() + (long)(pause.TotalSeconds * timeProvider.TimestampFrequency));
        }

        return hint.Interval is { } interval
            ? InstanceSettings.Spread(InstanceSettings.IntervalWithin(lease, interval), jitter())
            : wait;
    }

    private TimeSpan? Until(long? moment) => moment is { } at
        ? timeProvider.GetElapsedTime(timeProvider.GetTimestamp(), at)
        : null;

    private async Task PauseAsync(TimeSpan pause, Task hinted, CancellationToken cancellationToken)
    {
        if (pause <= TimeSpan.Zero)
        {
            return;
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var delay = Task.Delay(pause, timeProvider, over.Token);
        await Task.WhenAny(delay, channel.Disturbed, hinted).ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
    }
}
