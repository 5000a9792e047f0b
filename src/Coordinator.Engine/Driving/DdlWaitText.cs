using Coordinator.Postgres.Ddl;

namespace Coordinator.Engine.Driving;

/// <summary>What a step in the target waits for, for people.</summary>
internal static class DdlWaitText
{
    public static string Of(DdlWait wait)
    {
        var reason = wait.Reason switch
        {
            DdlWaitReason.OldTransaction => "waiting for an old transaction that holds a lock on the table",
            DdlWaitReason.PreparedTransaction => "waiting for a prepared transaction: COMMIT PREPARED or ROLLBACK PREPARED ends it",
            DdlWaitReason.WraparoundVacuum => "waiting for a vacuum against wraparound, which must not be interrupted",
            DdlWaitReason.Autovacuum => "waiting for an autovacuum of the table",
            DdlWaitReason.LongAttempt => "about to make one longer attempt, so that the autovacuum yields",
            DdlWaitReason.LockTimeout => "the lock was not free in time; giving way and trying again",
            DdlWaitReason.TargetUnreachable => "the target does not answer; looking again soon",
            DdlWaitReason.OtherIndexBuild => "waiting for another index build on the table",
            _ => "building the index concurrently",
        };
        return wait.Blockers.Length == 0
            ? $"{reason} (attempt {wait.Attempt})"
            : $"{reason} (attempt {wait.Attempt}): {wait.Blockers}";
    }
}
