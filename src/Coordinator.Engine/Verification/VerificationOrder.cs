namespace Coordinator.Engine.Verification;

/// <summary>What somebody asks of a verification now.</summary>
/// <param name="Repair">Bring rows in sync that differ.</param>
/// <param name="OldSideIsRight">
/// For a repair once new versions may run: whoever asks says that of every row that differs the old side is the right one.
/// </param>
public sealed record VerificationOrder(bool Repair, bool OldSideIsRight);
