namespace Coordinator.Domain.Specs;

/// <summary>
/// What must hold before contract besides the drain: a wait after the last old instance left, a person's approval, and with
/// <paramref name="FenceSoak"/> a wait behind strict mode's fence, while it can still be lifted.
/// </summary>
public sealed record ContractRule(TimeSpan Soak, bool ApprovalRequired, TimeSpan? FenceSoak = null)
{
    public static ContractRule Default { get; } = new(TimeSpan.Zero, false);
}
