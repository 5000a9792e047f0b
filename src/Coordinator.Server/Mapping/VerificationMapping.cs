using Coordinator.Engine.Verification;

namespace Coordinator.Server.Mapping;

/// <summary>Verifications on the wire.</summary>
internal static class VerificationMapping
{
    public static V1.VerifyMigrationResponse.Types.Outcome ToProto(VerificationOutcome outcome) => new()
    {
        DifferenceCount = outcome.Differences,
        Examples = { outcome.Examples },
        BlockCount = outcome.Blocks,
        RepairedRowCount = outcome.Repaired,
        QuarantinedRowCount = outcome.InQuarantine,
    };

    public static V1.Verification ToProto(VerificationRow row) => new()
    {
        Step = row.Step,
        Table = row.Table,
        State = row.State switch
        {
            VerificationState.Running => V1.Verification.Types.State.Running,
            VerificationState.Good => V1.Verification.Types.State.Good,
            VerificationState.Different => V1.Verification.Types.State.Different,
            VerificationState.BrokenOff => V1.Verification.Types.State.BrokenOff,
            _ => V1.Verification.Types.State.Unspecified,
        },
        DoneBlockCount = row.DoneBlocks,
        BlockCount = row.TotalBlocks,
        DifferenceCount = row.Differences,
        HeldMessage = row.Held,
        StartTime = Timestamps.ToProto(row.StartedAt),
        LastEndTime = Timestamps.ToProto(row.FinishedAt),
        LastDifferenceCount = row.Found ?? 0,
        LastExamples = row.Examples,
    };
}
