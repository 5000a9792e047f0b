using Coordinator.Postgres.Catalog;
using Npgsql;

namespace Coordinator.Postgres.Ddl;

/// <summary>Something that needs a table's lock: how to see that it is done, and how to attempt it once.</summary>
internal sealed record LockRequest
{
    public required NpgsqlDataSource Source { get; init; }

    public required TableName? Table { get; init; }

    public required DdlLockMode Mode { get; init; }

    public required DdlBudget Budget { get; init; }

    public required IProgress<DdlWait>? Progress { get; init; }

    /// <summary>Asked before every look and attempt, so that what a crash left done is not waited for.</summary>
    public required Func<NpgsqlConnection, CancellationToken, Task<bool>> IsDoneAsync { get; init; }

    /// <summary>Makes one attempt with a lock timeout; zero means none.</summary>
    public required Func<NpgsqlConnection, TimeSpan, CancellationToken, Task<DdlAttempt>> AttemptAsync { get; init; }

    public void Report(DdlWaitReason reason, IReadOnlyList<LockBlocker> blockers, int attempt) =>
        Progress?.Report(new DdlWait(reason, string.Join("; ", blockers), attempt));
}
