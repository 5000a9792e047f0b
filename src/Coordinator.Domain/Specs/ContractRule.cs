namespace Coordinator.Domain.Specs;

/// <summary>What must hold before contract besides the drain: a wait after the last old instance left, and a person's approval.</summary>
public sealed record ContractRule(TimeSpan Soak, bool ApprovalRequired)
{
    public static ContractRule Default { get; } = new(TimeSpan.Zero, false);
}
