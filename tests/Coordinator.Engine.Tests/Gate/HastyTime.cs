namespace Coordinator.Engine.Tests.Gate;

/// <summary>
/// The real clock with pauses a twentieth as long, so that a replica's polls take milliseconds. What is measured stays as it is; leases
/// are counted on the database's clock, and lapse only where a run lets them.
/// </summary>
internal sealed class HastyTime : TimeProvider
{
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        base.CreateTimer(callback, state, Shorten(dueTime), Shorten(period));

    private static TimeSpan Shorten(TimeSpan time) => time > TimeSpan.Zero ? time / 20 : time;
}
