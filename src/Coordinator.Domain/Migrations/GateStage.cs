namespace Coordinator.Domain.Migrations;

/// <summary>How far the gate is: not reached, waiting for old instances to leave, waiting out the soak, no way back for them, open.</summary>
public enum GateStage
{
    Closed,
    Draining,
    Soaking,
    Retired,
    Passed,
}
