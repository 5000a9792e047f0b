namespace Coordinator.Domain.Backfills;

public enum BackfillStatus
{
    None,
    Planned,
    Running,
    Paused,
    Finished,
}
