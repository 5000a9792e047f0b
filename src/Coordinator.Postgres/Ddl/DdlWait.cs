namespace Coordinator.Postgres.Ddl;

/// <summary>Why a step is not done yet, for its status: what it waits for, who that is, and after how many attempts.</summary>
public sealed record DdlWait(DdlWaitReason Reason, string Blockers, int Attempt);
