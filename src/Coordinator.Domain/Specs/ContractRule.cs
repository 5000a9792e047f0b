namespace Coordinator.Domain.Specs;

/// <summary>
/// What must hold before contract besides the drain: a wait after the last old instance left, a person's approval, and with
/// <paramref name="FenceSoak"/> a wait behind strict mode's fence, while it can still be lifted. With <paramref name="OldWritesQuiet"/>
/// no write may have come in through an old column for that long, and with <paramref name="StatementsQuiet"/> no statement that names
/// one may have run: evidence against programs that neither register nor stay connected.
/// </summary>
public sealed record ContractRule(
    TimeSpan Soak,
    bool ApprovalRequired,
    TimeSpan? FenceSoak = null,
    TimeSpan? OldWritesQuiet = null,
    TimeSpan? StatementsQuiet = null)
{
    public static ContractRule Default { get; } = new(TimeSpan.Zero, false);
}
