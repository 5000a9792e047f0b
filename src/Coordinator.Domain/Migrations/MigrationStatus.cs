namespace Coordinator.Domain.Migrations;

public enum MigrationStatus
{
    None,
    Planned,
    Running,
    Paused,
    RollingBack,
    RolledBack,
    Completed,
    Cancelled,
}
