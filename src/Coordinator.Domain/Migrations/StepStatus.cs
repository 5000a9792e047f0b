namespace Coordinator.Domain.Migrations;

public enum StepStatus
{
    Pending,
    Started,
    Failed,
    Completed,
}
