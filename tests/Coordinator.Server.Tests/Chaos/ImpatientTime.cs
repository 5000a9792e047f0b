namespace Coordinator.Server.Tests.Chaos;

/// <summary>
/// The real clock, with pauses a fifth as long: a worker that found nothing to do comes back soon, so that more happens in
/// a run. Leases are counted on the clock, not by pauses.
/// </summary>
internal sealed class ImpatientTime : TimeProvider
{
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        base.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? dueTime / 5 : dueTime, period);
}
